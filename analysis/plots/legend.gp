# SPDX-License-Identifier: GPL-2.0-or-later
# One line per series in its style, with a value at the right: legend_x, legend_y
# (pixels), legend_head, legend_head2 ('' for a single value).
legend_step = series_count > 16 ? 300.0 / series_count : 22
legend_text = X(legend_x + 42)
legend_value = X(legend_x + 262)
legend_value2 = X(legend_x + 336)
set label 90 legend_head at screen legend_value, Y(legend_y) right font small tc rgb faint
set label 91 legend_head2 at screen legend_value2, Y(legend_y) right font small tc rgb faint
do for [i = 1:series_count] {
    legend_line = Y(legend_y + 4 + i * legend_step)
    set arrow (100 + i) from screen X(legend_x), legend_line to screen X(legend_x + 34), legend_line \
        nohead lc rgb series_colour[i] dt series_dash[i] lw series_width[i] front
    set label (100 + i) series[i] at screen legend_text, legend_line left font small tc rgb ink
    set label (200 + i) series_label[i] at screen legend_value, legend_line right font small tc rgb ink
    set label (300 + i) series_label2[i] at screen legend_value2, legend_line right font small tc rgb ink
}
