# Triplet ranking loss, margin 0.2
# Draw again: gnuplot fig18.gp
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
set label 99 'Triplet ranking loss, margin 0.2' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xrange [-1:1]
set yrange [0:1.3]
set xlabel 'Z = d(a,p) − d(a,n)' tc rgb '#222222'
set ylabel 'loss' tc rgb '#222222'
set object 1 rectangle from first -1.0, graph 0 to first -0.2, graph 1 fs solid 1 noborder fc rgb '#eef3ee' behind
set object 2 rectangle from first -0.2, graph 0 to first 0.0, graph 1 fs solid 1 noborder fc rgb '#fbf4e2' behind
set object 3 rectangle from first 0.0, graph 0 to first 1.0, graph 1 fs solid 1 noborder fc rgb '#f8ebec' behind
set bmargin 3.5
set label 1 'easy' at first -0.6, graph 0.95 center font ',11' tc rgb '#777777'
set label 2 'semi-hard' at first -0.1, graph 0.95 center font ',11' tc rgb '#777777'
set label 3 'hard' at first 0.5, graph 0.95 center font ',11' tc rgb '#777777'
unset key
set terminal svg size 820,480 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'fig18.svg'
plot 'fig18.dat' using 1:2 with lines lw 3 lc rgb '#4477aa' notitle
set terminal pngcairo size 1640,960 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'fig18.png'
replot
unset output
