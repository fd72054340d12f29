# SPDX-License-Identifier: GPL-2.0-or-later
# Wait inflicted on other domains, a bar a policy; the grey part is on locks below vPCI.
load 'plots/common.gp'
set lmargin at screen X(186)
set rmargin at screen X(canvas_width - 236)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
stats data using ($3 + $4) name 'wait' nooutput
unit = wait_max < 2e-6 ? 1e9 : (wait_max < 2e-3 ? 1e6 : (wait_max < 2 ? 1e3 : 1))
unit_name = wait_max < 2e-6 ? 'ns' : (wait_max < 2e-3 ? 'µs' : (wait_max < 2 ? 'ms' : 's'))
set xrange [0 : wait_max * unit * 1.02]
set yrange [series_count + 0.6 : 0.4]
unset ytics
set border 1
set grid xtics noytics
set xlabel sprintf('lock wait while another domain held the lock (%s, all vCPUs together)', unit_name) offset 0, 0.3 font small tc rgb ink
set label 3 'in all' at graph 1, screen Y(60) right offset screen X(84), 0 font small tc rgb faint
set label 4 'of all its waiting' at graph 1, screen Y(60) right offset screen X(200), 0 font small tc rgb faint
set object 1 rectangle from screen X(186), Y(59) to screen X(200), Y(45) fc rgb '#b4b4b4' fs solid noborder
set label 5 'for locks below vPCI, whatever the policy' at screen X(208), Y(52) left font small tc rgb faint
do for [i = 1:series_count] {
    set label (100 + i) series[i] at graph 0, first i right offset screen -X(10), 0 font small tc rgb ink
    set label (200 + i) series_label[i] at graph 1, first i right offset screen X(84), 0 font small tc rgb ink
    set label (300 + i) series_label2[i] at graph 1, first i right offset screen X(200), 0 font small tc rgb faint
}
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] ? $3 * unit / 2 : NaN):2:(0):($3 * unit):($2 - 0.34):($2 + 0.34) \
    with boxxyerror lc rgb series_colour[i] fs solid 1.0 noborder, \
    data using (($3 + $4 / 2) * unit):2:($3 * unit):(($3 + $4) * unit):($2 - 0.34):($2 + 0.34) \
    with boxxyerror lc rgb '#b4b4b4' fs solid 1.0 noborder
