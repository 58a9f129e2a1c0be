# SPDX-License-Identifier: LGPL-2.1-or-later
# Draws what "bench/report plot" says: usage: gnuplot -e "plot_file='…'; out='…'" chart.gp
set terminal svg size 1000,760 dynamic font "sans,12" background rgb "white"
set output out
set datafile separator "\t"
set datafile missing "?"
set title "What it costs, as a multiple of an AF_UNIX echo of 64 bytes (less is better)" noenhanced
set logscale x 10
set xrange [0.03:400]
set xtics (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 50, 100, 200)
set grid xtics lc rgb "#dddddd"
stats plot_file using 2 nooutput name "rows"
set yrange [rows_records - 0.3:-0.7]
set lmargin 46
set key below horizontal
set ytics scale 0
set style fill solid
plot plot_file using (0.03):0:(0.03):2:($0 - 0.3):($0 + 0.3):ytic(1) with boxxyerror lc rgb "#4c78a8" title "ours", \
     '' using 3:0 with points pt 9 ps 0.9 lc rgb "#000000" title "target", \
     '' using 4:0 with points pt 7 ps 0.8 lc rgb "#e45756" title "kdbus of 2015", \
     '' using 5:0 with points pt 5 ps 0.8 lc rgb "#54a24b" title "best other"
