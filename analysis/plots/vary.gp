# SPDX-License-Identifier: GPL-2.0-or-later
# p99 against a number that was varied, a line a policy; whiskers span the replicas.
load 'plots/common.gp'
set lmargin at screen X(84)
set rmargin at screen X(canvas_width - 386)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
stats data using ($6 > 0 ? NaN : $4) name 'low' nooutput
stats data using ($6 > 0 ? NaN : $5) name 'high' nooutput
stats data using 6 name 'stopped' nooutput
stats data using 8 name 'replicas' nooutput
set logscale y
set xrange [0.7 : key_count + 0.3]
top_s = (high_max < 1 ? 1 : high_max) * 1.3e-9
set yrange [(low_min < 1 ? 1 : low_min) * 0.8e-9 : top_s]
set xtics ()
unset mxtics
set for [i = 1:key_count] xtics add (key_name[i] key_kind[i])
if (high_max / (low_min < 1 ? 1 : low_min) < 400) {
    set ytics ('100 ns' 1e-7, '200 ns' 2e-7, '500 ns' 5e-7, '1 µs' 1e-6, '2 µs' 2e-6, '3 µs' 3e-6, \
        '5 µs' 5e-6, '7 µs' 7e-6, '10 µs' 1e-5, '20 µs' 2e-5, '30 µs' 3e-5, '50 µs' 5e-5, \
        '100 µs' 1e-4, '200 µs' 2e-4, '500 µs' 5e-4, '1 ms' 1e-3, '2 ms' 2e-3, '5 ms' 5e-3, \
        '10 ms' 1e-2, '20 ms' 2e-2, '50 ms' 5e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10)
} else {
    set ytics ('1 ns' 1e-9, '10 ns' 1e-8, '100 ns' 1e-7, '1 µs' 1e-6, '10 µs' 1e-5, '100 µs' 1e-4, \
        '1 ms' 1e-3, '10 ms' 1e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100)
}
set xlabel 'values that were replayed, evenly spaced' offset 0, 0.3 font small tc rgb ink
set label 3 'p99 latency of an access'.(replicas_max > 1 ? ': median, lowest and highest of its replicas' : '').(stopped_max > 0 ? '; a cross at the top: a deadlock' : '') at graph 0, screen Y(56) left font small tc rgb faint
legend_x = canvas_width - 354
legend_y = 72
legend_head = 'p99 at '.key_name[key_count]
legend_head2 = ''
load 'plots/legend.gp'
# Whiskers side by side.
shift(i) = (i - (series_count + 1) / 2.0) * (series_count > 12 ? 0.2 / series_count : 0.016)
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] && $6 == 0 ? $2 + shift(i) : NaN):($3 * 1e-9) with linespoints pt 7 ps 0.45 \
    lc rgb series_colour[i] dt series_dash[i] lw series_width[i], \
    for [i = 1:series_count] data \
    using ($1 == series_row[i] && $6 == 0 && $5 > $4 ? $2 + shift(i) : NaN):($4 * 1e-9):(0):(($5 - $4) * 1e-9) \
    with vectors heads size screen 0.0025,90 lw 1.2 lc rgb series_colour[i], \
    for [i = 1:series_count] data \
    using ($1 == series_row[i] && $6 > 0 ? $2 + shift(i) : NaN):(top_s / 1.08) with points pt 2 ps 1.3 lw 2 lc rgb series_colour[i]
