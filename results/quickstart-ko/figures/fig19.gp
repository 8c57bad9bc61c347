# Improved triplet ranking loss, Z·σ(Z)
# Draw again: gnuplot fig19.gp
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
set label 99 'Improved triplet ranking loss, Z·σ(Z)' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xrange [-4:4]
set yrange [-1:4.3]
set xlabel 'Z = d(a,p) − d(a,n)' tc rgb '#222222'
set ylabel 'loss' tc rgb '#222222'
set object 1 rectangle from first -2.0, graph 0 to first 2.0, graph 1 fs solid 1 noborder fc rgb '#f3f5f8' behind
set label 1 'reached by unit vectors' at first 0.0, graph 0.95 center font ',11' tc rgb '#777777'
set arrow 1 from -4,0 to 4,0 nohead lw 1 lc rgb '#bbbbbb' back
set label 10 'minimum −0.278' at -1.278,-0.278 center offset 0,-1.1 font ',11' tc rgb '#cc6677'
set label 11 '' at -1.278,-0.278 point pt 7 ps 0.9 lc rgb '#cc6677' front
set terminal svg size 820,480 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'fig19.svg'
plot 'fig19.dat' using 1:3 with lines lw 2 dt 2 lc rgb '#999999' title 'triplet, margin 0.2', \
  'fig19.dat' using 1:2 with lines lw 3 lc rgb '#4477aa' title 'Z·σ(Z)'
set terminal pngcairo size 1640,960 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'fig19.png'
replot
unset output
