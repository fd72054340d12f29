# SPDX-License-Identifier: GPL-2.0-or-later
# vCPUs waiting for locks over time, a row a policy, all rows to one scale.
load 'plots/common.gp'
set lmargin at screen X(186)
set rmargin at screen X(canvas_width - 96)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
stats data using 3 name 'waiting' nooutput
stats data using 2 name 'time' nooutput
# Below a second, milliseconds or microseconds read better.
unit = time_max < 2e-3 ? 1e6 : (time_max < 2 ? 1e3 : 1)
unit_name = time_max < 2e-3 ? 'µs' : (time_max < 2 ? 'ms' : 's')
set xrange [0 : time_max * unit]
set yrange [series_count + 0.1 : -0.1]
unset ytics
set border 1
set grid xtics noytics
set xlabel sprintf('virtual time of the replay (%s)', unit_name) offset 0, 0.3 font small tc rgb ink
set label 3 (waiting_max < 0.1 ? sprintf('waiting for locks, all vCPUs together; the height of a row is %.3g %s per second', waiting_max * (waiting_max < 1e-3 ? 1e6 : 1e3), waiting_max < 1e-3 ? 'µs' : 'ms') : \
    sprintf('vCPUs waiting for locks, mean per interval; the height of a row is %.2g', waiting_max)) at graph 0, screen Y(56) left font small tc rgb faint
set label 4 'peak' at graph 1, screen Y(56) right offset screen X(64), 0 font small tc rgb faint
do for [i = 1:series_count] {
    set label (100 + i) series[i] at graph 0, first i - 0.3 right offset screen -X(10), 0 font small tc rgb ink
    set label (200 + i) series_label[i] at graph 1, first i - 0.3 right offset screen X(64), 0 font small tc rgb ink
    set arrow (100 + i) from graph 0, first i to graph 1, first i nohead lc rgb rule lw 0.7 back
}
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] ? $2 * unit : NaN):(i):(i - 0.9 * $3 / waiting_max) with filledcurves \
    fc rgb series_colour[i] fs solid 1.0 noborder, \
    for [i = 1:series_count] data \
    using ($1 == series_row[i] ? $2 * unit : NaN):(i - 0.9 * $3 / waiting_max) with lines \
    lc rgb series_colour[i] lw 0.8
