# SPDX-License-Identifier: GPL-2.0-or-later
# Share of the lock wait per lock, one stacked bar a policy; vPCI's own locks in
# colour, those below it in greys.
load 'plots/common.gp'
array own_colour[5] = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9']
array below_colour[5] = ['#5c5c5c', '#8f8f8f', '#b4b4b4', '#cfcfcf', '#e4e4e4']
array key_colour[key_count]
own = 0
below = 0
do for [k = 1:key_count] {
    if (key_kind[k] == 0) { own = own + 1; key_colour[k] = own_colour[own] } else { below = below + 1; key_colour[k] = below_colour[below] }
}
set lmargin at screen X(186)
set rmargin at screen X(canvas_width - 396)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
set xrange [0:100]
set xtics 0, 20, 100 format '%g %%'
set yrange [series_count + 0.6 : 0.4]
unset ytics
set grid xtics noytics
set border 1
set xlabel "share of the policy's waiting for locks" offset 0, 0.3 font small tc rgb ink
set label 3 'in all' at graph 1, screen Y(60) right offset screen X(84), 0 font small tc rgb faint
set label 4 'per access' at graph 1, screen Y(60) right offset screen X(160), 0 font small tc rgb faint
do for [i = 1:series_count] {
    set label (100 + i) series[i] at graph 0, first i right offset screen -X(10), 0 font small tc rgb ink
    set label (200 + i) series_label[i] at graph 1, first i right offset screen X(84), 0 font small tc rgb ink
    set label (300 + i) series_label2[i] at graph 1, first i right offset screen X(160), 0 font small tc rgb faint
}
line = 72
if (own > 0) { set label 90 "vPCI's own locks" at screen X(canvas_width - 206), Y(line) left font small tc rgb faint; line = line + 22 }
do for [k = 1:key_count] {
    if (k == own + 1) { line = line + 12; set label 91 'below vPCI, whatever the policy' at screen X(canvas_width - 206), Y(line) left font small tc rgb faint; line = line + 22 }
    set object (k) rectangle from screen X(canvas_width - 206), Y(line + 7) to screen X(canvas_width - 192), Y(line - 7) fc rgb key_colour[k] fs solid noborder
    set label (400 + k) key_name[k] at screen X(canvas_width - 184), Y(line) left font small tc rgb ink
    line = line + 22
}
plot for [k = 1:key_count] data \
    using ($3 == k ? ($4 + $5) / 2 : NaN):2:4:5:($2 - 0.36):($2 + 0.36) with boxxyerror \
    lc rgb key_colour[k] fs solid 1.0 border lc rgb '#ffffff'
