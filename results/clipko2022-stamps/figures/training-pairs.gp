# Training: English
# Draw again: gnuplot training-pairs.gp
set encoding utf8
set border 3 lc rgb '#999999' lw 1
set tics nomirror out scale 0.5 tc rgb '#444444'
set grid ytics back lc rgb '#e6e6e6' lw 1 lt 1
set key at screen 0.5, screen 0.015 center bottom horizontal Left reverse samplen 2.5 width 1 tc rgb '#222222'
set bmargin 6
set style fill solid 1 noborder
set datafile missing 'NaN'
set tmargin 3.5
set rmargin 4
set label 99 'Training: English' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xlabel 'epoch' tc rgb '#222222'
set ylabel 'loss' tc rgb '#222222'
set y2label 'score on validation data' tc rgb '#222222'
set y2tics
set ytics nomirror
set border 11
set offsets 0, 0, graph 0.08, graph 0.02
set rmargin 10
set arrow 1 from first 13, graph 0 to first 13, graph 1 nohead lw 1.5 dt 3 lc rgb '#555555'
set terminal svg size 820,480 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'training-pairs.svg'
plot 'training-pairs.dat' using 1:3 with lines lw 2.5 lc rgb '#4477aa' title 'loss', \
  'training-pairs.dat' using 1:2 axes x1y2 with lines lw 2.5 dt 2 lc rgb '#cc6677' title 'validation score'
set terminal pngcairo size 1640,960 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'training-pairs.png'
replot
unset output
