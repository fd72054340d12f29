# SPDX-License-Identifier: GPL-2.0-or-later
# p99 against speed, a line a policy.
load 'plots/common.gp'
set lmargin at screen X(84)
set rmargin at screen X(canvas_width - 386)
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
stats data using 2 name 'speed' nooutput
stats data using ($5 > 0 ? NaN : $3) name 'p99' nooutput
stats data using 5 name 'stopped' nooutput
set logscale xy
set xrange [speed_min / 1.12 : speed_max * 1.12]
top_s = (p99_max < 1 ? 1 : p99_max) * 1.3e-9
set yrange [(p99_min < 1 ? 1 : p99_min) * 0.8e-9 : top_s]
set xtics (speed_min)
unset mxtics
set for [i = 0:12] xtics add (sprintf('%.4g×', 2.0 ** i) 2.0 ** i)
set for [i = 1:6] xtics add (sprintf('%.4g×', 2.0 ** -i) 2.0 ** -i)
if (speed_max / speed_min > 300) {
    set xtics ('0.01×' 0.01, '0.1×' 0.1, '1×' 1, '10×' 10, '100×' 100, '1,000×' 1000, '10,000×' 1e4, '100,000×' 1e5, '1,000,000×' 1e6)
}
if (p99_max / (p99_min < 1 ? 1 : p99_min) < 30) {
    set ytics ('100 ns' 1e-7, '200 ns' 2e-7, '500 ns' 5e-7, '1 µs' 1e-6, '2 µs' 2e-6, '3 µs' 3e-6, \
        '5 µs' 5e-6, '7 µs' 7e-6, '10 µs' 1e-5, '20 µs' 2e-5, '30 µs' 3e-5, '50 µs' 5e-5, \
        '100 µs' 1e-4, '200 µs' 2e-4, '500 µs' 5e-4, '1 ms' 1e-3, '2 ms' 2e-3, '5 ms' 5e-3, \
        '10 ms' 1e-2, '20 ms' 2e-2, '50 ms' 5e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10)
} else {
    set ytics ('1 ns' 1e-9, '10 ns' 1e-8, '100 ns' 1e-7, '1 µs' 1e-6, '10 µs' 1e-5, '100 µs' 1e-4, \
        '1 ms' 1e-3, '10 ms' 1e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100)
}
set xlabel 'speed: recorded think times divided by' offset 0, 0.3 font small tc rgb ink
set label 3 'p99 latency of an access'.(stopped_max > 0 ? '; a cross at the top: the replay ended in a deadlock there' : '') at graph 0, screen Y(56) left font small tc rgb faint
legend_x = canvas_width - 354
legend_y = 72
legend_head = 'p99 at '.(speed_max == int(speed_max) ? sprintf('%d×', speed_max) : sprintf('%.4g×', speed_max))
legend_head2 = ''
load 'plots/legend.gp'
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] && $5 == 0 ? $2 : NaN):($3 * 1e-9) with linespoints pt 7 ps 0.45 \
    lc rgb series_colour[i] dt series_dash[i] lw series_width[i], \
    for [i = 1:series_count] data \
    using ($1 == series_row[i] && $5 > 0 ? $2 : NaN):(top_s / 1.08) with points pt 2 ps 1.3 lw 2 lc rgb series_colour[i]
