# SPDX-License-Identifier: GPL-2.0-or-later
# Latency of accesses: the distribution, and its tail on its own scale.
load 'plots/common.gp'
stats data using 4 name 'tail' nooutput
stats data using 2 name 'latency' nooutput
set multiplot
set logscale x
# A range of one value is none: a constant latency still needs two ends.
low = latency_min < 1 ? 1 : latency_min
set xrange [low * 0.9e-9 : (latency_max < 1 ? 1 : latency_max) * 1.15e-9]
decades = log10((latency_max < 1 ? 1 : latency_max) / low)
if (decades < 0.9) {
    set xtics ('100 ns' 1e-7, '200 ns' 2e-7, '500 ns' 5e-7, '1 µs' 1e-6, '2 µs' 2e-6, '3 µs' 3e-6, \
        '5 µs' 5e-6, '7 µs' 7e-6, '10 µs' 1e-5, '20 µs' 2e-5, '30 µs' 3e-5, '50 µs' 5e-5, \
        '100 µs' 1e-4, '200 µs' 2e-4, '500 µs' 5e-4, '1 ms' 1e-3, '2 ms' 2e-3, '5 ms' 5e-3, \
        '10 ms' 1e-2, '20 ms' 2e-2, '50 ms' 5e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10)
} else { if (decades < 2.3) {
    set xtics ('100 ns' 1e-7, '200 ns' 2e-7, '500 ns' 5e-7, '1 µs' 1e-6, '2 µs' 2e-6, '5 µs' 5e-6, \
        '10 µs' 1e-5, '20 µs' 2e-5, '50 µs' 5e-5, '100 µs' 1e-4, '200 µs' 2e-4, '500 µs' 5e-4, \
        '1 ms' 1e-3, '2 ms' 2e-3, '5 ms' 5e-3, '10 ms' 1e-2, '20 ms' 2e-2, '50 ms' 5e-2, '100 ms' 0.1, \
        '1 s' 1, '10 s' 10)
} else {
    set xtics ('1 ns' 1e-9, '10 ns' 1e-8, '100 ns' 1e-7, '1 µs' 1e-6, '10 µs' 1e-5, '100 µs' 1e-4, \
        '1 ms' 1e-3, '10 ms' 1e-2, '100 ms' 0.1, '1 s' 1, '10 s' 10, '100 s' 100)
} }
set tmargin at screen Y(72)
set bmargin at screen Y(caption_top - 60)
panel = (canvas_width - 16 - 372 - 166) / 2
set lmargin at screen X(74)
set rmargin at screen X(74 + panel)
set xlabel 'latency of an access' offset 0, 0.3 font small tc rgb ink
set label 3 'share of accesses that take at most so long' at graph 0, screen Y(56) left font small tc rgb faint
set yrange [0:1.02]
set ytics ('0' 0, '25 %%' 0.25, '50 %%' 0.5, '75 %%' 0.75, '100 %%' 1)
legend_x = canvas_width - 360
legend_y = 72
legend_head = 'p99'
legend_head2 = 'p99.9'
load 'plots/legend.gp'
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] ? $2 * 1e-9 : NaN):3 with lines \
    lc rgb series_colour[i] dt series_dash[i] lw series_width[i]
unset label
unset arrow
set lmargin at screen X(74 + panel + 92)
set rmargin at screen X(74 + panel + 92 + panel)
set label 3 'share that take at least so long (the tail)' at graph 0, screen Y(56) left font small tc rgb faint
set logscale y
set yrange [tail_min * 0.8 : 1.25]
set ytics ('all' 1, '1 in 10' 0.1, '1 in 100' 0.01, '1 in 1,000' 1e-3, '1 in 10,000' 1e-4, '1 in 100,000' 1e-5, \
    '1 in 1 million' 1e-6, '1 in 10 million' 1e-7, '1 in 100 million' 1e-8)
plot for [i = 1:series_count] data \
    using ($1 == series_row[i] ? $2 * 1e-9 : NaN):4 with lines \
    lc rgb series_colour[i] dt series_dash[i] lw series_width[i]
unset multiplot
