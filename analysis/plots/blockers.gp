# SPDX-License-Identifier: GPL-2.0-or-later
# Share of the waiting, waiting operation by holding operation.
load 'plots/common.gp'
stats data using 3 name 'part' nooutput
set lmargin at screen X(212)
set rmargin at screen X(canvas_width - 136)
set tmargin at screen Y(150)
set bmargin at screen Y(caption_top - 14)
set cbrange [0 : *]
set palette defined (0 '#fdf3ec', 0.35 '#f3bd95', 0.7 '#c9622a', 1 '#6b2503')
unset colorbox
set xrange [0.5 : key_count + 0.5]
set yrange [key_count + 0.5 : 0.5]
unset xtics
unset ytics
unset border
unset grid
set label 3 'rows wait, columns hold the lock; percent of all lock wait under this policy' at screen X(16), Y(46) left font small tc rgb faint
do for [k = 1:key_count] {
    set label (100 + k) key_name[k] at first k - 0.15, screen Y(144) left rotate by 30 font small tc rgb ink
    set label (200 + k) key_name[k] at graph 0, first k right offset screen -X(8), 0 font small tc rgb ink
    set arrow (100 + k) from graph 0, first k + 0.5 to graph 1, first k + 0.5 nohead lc rgb '#efefef' lw 0.7 back
}
plot data using 1:2:($1 - 0.49):($1 + 0.49):($2 - 0.47):($2 + 0.47):3 with boxxyerror \
    palette fs solid 1.0 noborder, \
    data using ($3 < 0.6 * part_max ? $1 : NaN):2:4 with labels font small tc rgb ink, \
    data using ($3 >= 0.6 * part_max ? $1 : NaN):2:4 with labels font small tc rgb '#ffffff'
