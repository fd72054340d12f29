# SPDX-License-Identifier: GPL-2.0-or-later
# The highest load that keeps the bound, a bar a policy; a bar that ends at an arrow was never broken.
load 'plots/common.gp'
set lmargin at screen X(226)
set rmargin at screen X(canvas_width - 236)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
stats data using 3 name 'kept' nooutput
stats data using 4 name 'broken' nooutput
stats data using 5 name 'lowest' nooutput
# Of a column without any number stats leaves nothing behind.
if (!exists('kept_max')) { kept_max = 0 }
if (!exists('broken_records')) { broken_records = 0 }
high = broken_records > 0 && broken_max > kept_max ? broken_max : kept_max
high = high > lowest_min ? high : lowest_min * 2
low = lowest_min / 1.25
set logscale x
set xrange [low : high * 1.3]
set yrange [series_count + 0.6 : 0.4]
unset ytics
unset mxtics
set border 1
set grid xtics noytics
set xtics (lowest_min)
set for [i = -6:20] xtics add (sprintf('%.4g', 2.0 ** i) 2.0 ** i)
if (high / low > 300) {
    set xtics ('0.01' 0.01, '0.1' 0.1, '1' 1, '10' 10, '100' 100, '1,000' 1000, '10,000' 1e4)
}
set xlabel 'load that was replayed; a thin line leads to the lowest that broke the bound' offset 0, 0.3 font small tc rgb ink
set label 3 'keeps it up to' at graph 1, screen Y(60) right offset screen X(100), 0 font small tc rgb faint
set label 4 'breaks at' at graph 1, screen Y(60) right offset screen X(196), 0 font small tc rgb faint
do for [i = 1:series_count] {
    set label (100 + i) series[i] at graph 0, first i right offset screen -X(10), 0 font small tc rgb ink
    set label (200 + i) series_label[i] at graph 1, first i right offset screen X(100), 0 font small tc rgb ink
    set label (300 + i) series_label2[i] at graph 1, first i right offset screen X(196), 0 font small tc rgb faint
}
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] && $3 > 0 ? $3 : NaN):2:(low):3:($2 - 0.3):($2 + 0.3) \
    with boxxyerror lc rgb series_colour[i] fs solid 1.0 noborder, \
    for [i = 1:series_count] data \
    using ($1 == series_row[i] ? ($3 > 0 ? $3 : low) : NaN):2:($4 - ($3 > 0 ? $3 : low)):(0) \
    with vectors nohead lw 1.5 lc rgb series_colour[i], \
    data using ($7 > 0 ? $3 : NaN):2:($3 * 0.18):(0) with vectors head filled lw 1.5 lc rgb ink
