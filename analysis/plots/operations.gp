# SPDX-License-Identifier: GPL-2.0-or-later
# Mean lock wait, operation class by policy.
load 'plots/common.gp'
set lmargin at screen X(212)
set rmargin at screen X(canvas_width - 136)
set tmargin at screen Y(150)
set bmargin at screen Y(caption_top - 14)
stats data using ($4 > 0 ? $4 : NaN) name 'wait' nooutput
set logscale cb
set cbrange [wait_min * 0.9 : wait_max * 1.1]
set palette defined (0 '#f1f5fa', 0.35 '#a9c6e0', 0.7 '#3f7fb5', 1 '#0b2f56')
unset colorbox
set xrange [0.5 : series_count + 0.5]
set yrange [key_count + 0.5 : 0.5]
unset xtics
unset ytics
unset border
unset grid
set label 3 'mean wait for locks per operation; empty: the operation never ran, or the replay ended in a deadlock; darker: longer' at screen X(16), Y(46) left font small tc rgb faint
do for [i = 1:series_count] {
    set label (100 + i) series[i] at first i - 0.15, screen Y(144) left rotate by 30 font small tc rgb ink
}
do for [k = 1:key_count] {
    set label (200 + k) key_name[k] at graph 0, first k right offset screen -X(8), 0 font small tc rgb ink
}
shade(w) = wait_max > wait_min ? (log(w) - log(wait_min)) / (log(wait_max) - log(wait_min)) : 0.5
plot data using 2:3:($2 - 0.49):($2 + 0.49):($3 - 0.47):($3 + 0.47):4 with boxxyerror \
    palette fs solid 1.0 noborder, \
    data using ($4 <= 0 || shade($4) < 0.6 ? $2 : NaN):3:5 with labels font small tc rgb ink, \
    data using ($4 > 0 && shade($4) >= 0.6 ? $2 : NaN):3:5 with labels font small tc rgb '#ffffff'
