# drawn by Benchmarks/ann.py; run: gnuplot clips-79204-512.gp
set style line 1 lc rgb '#222222'
set border 3 lc rgb '#222222'; set tics nomirror tc rgb '#222222'
set title '79,204 × 512, angular' tc rgb '#222222'
set logscale y; set format y '%.0f'; set grid xtics ytics lc rgb '#dddddd'
set xrange [0:1.02]; set xlabel 'recall\@10' tc rgb '#222222'; set ylabel 'queries per second, one thread' tc rgb '#222222'
set key outside right top tc rgb '#222222'
set terminal svg size 760,420 background 'white' font 'NanumGothic'
set output 'clips-79204-512.svg'
plot 'clips-79204-512.dat' index 0 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#332288' title 'forest, ieum', \
  'clips-79204-512.dat' index 1 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#332288' title 'forest, Annoy', \
  'clips-79204-512.dat' index 2 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#cc6677' title 'hnsw, ieum', \
  'clips-79204-512.dat' index 3 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#cc6677' title 'hnsw, faiss', \
  'clips-79204-512.dat' index 4 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#117733' title 'ivf-pq, ieum', \
  'clips-79204-512.dat' index 5 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#117733' title 'ivf-pq, faiss', \
  'clips-79204-512.dat' index 6 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#ddaa33' title 'pq, ieum', \
  'clips-79204-512.dat' index 7 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#ddaa33' title 'pq, faiss'
set terminal pngcairo size 1140,630 fontscale 1.4 font 'NanumGothic'
set output 'clips-79204-512.png'
plot 'clips-79204-512.dat' index 0 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#332288' title 'forest, ieum', \
  'clips-79204-512.dat' index 1 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#332288' title 'forest, Annoy', \
  'clips-79204-512.dat' index 2 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#cc6677' title 'hnsw, ieum', \
  'clips-79204-512.dat' index 3 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#cc6677' title 'hnsw, faiss', \
  'clips-79204-512.dat' index 4 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#117733' title 'ivf-pq, ieum', \
  'clips-79204-512.dat' index 5 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#117733' title 'ivf-pq, faiss', \
  'clips-79204-512.dat' index 6 using 1:2 with linespoints lw 2 dt 1 pt 7 ps 0.9 lc rgb '#ddaa33' title 'pq, ieum', \
  'clips-79204-512.dat' index 7 using 1:2 with linespoints lw 2 dt 2 pt 6 ps 0.9 lc rgb '#ddaa33' title 'pq, faiss'
