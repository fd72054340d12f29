# SPDX-License-Identifier: GPL-2.0-or-later
# What all plots share.  Positions are in pixels from the upper left corner.
reset
set encoding utf8
set datafile separator "\t"
set datafile missing "-"
X(px) = px / real(canvas_width)
Y(px) = 1.0 - px / real(canvas_height)
ink = '#222222'
faint = '#6b6b6b'
rule = '#d9d9d9'
small = sprintf('%s,12', font_name)
tiny = sprintf('%s,11', font_name)
plain = sprintf('%s,13', font_name)
caption_top = canvas_height - 12 - 15 * caption_lines
set border 3 lc rgb '#8a8a8a' lw 1
set tics nomirror out scale 0.5 font small textcolor rgb ink
set grid lc rgb rule lw 0.7 lt 1, lc rgb '#efefef' lw 0.5 lt 1
set style fill solid 1.0 noborder
unset key
set xtics offset 0, 0.2
set label 1 title_text at screen X(16), Y(24) left font sprintf('%s,17', font_name) tc rgb ink
set label 2 caption at screen X(16), Y(caption_top + 8) left font tiny tc rgb faint
