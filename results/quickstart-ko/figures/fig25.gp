# Data split
# Draw again: gnuplot fig25.gp
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
set label 99 'Data split' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xrange [0:100]
set yrange [0.5:2.5]
set xlabel 'share of the items (%)' tc rgb '#222222'
set ytics ('this run' 2, 'published, hong2022' 1)
set grid noytics
set border 1
set ytics scale 0
set terminal svg size 820,370 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'fig25.svg'
plot 'fig25.dat' using ($4==0 ? $2 : NaN):1:3:(0.3) with boxxyerror fs solid 1 border lc rgb 'white' fc rgb '#4477aa' title 'train', \
  'fig25.dat' using ($4==1 ? $2 : NaN):1:3:(0.3) with boxxyerror fs solid 1 border lc rgb 'white' fc rgb '#8a6d9e' title 'validation', \
  'fig25.dat' using ($4==2 ? $2 : NaN):1:3:(0.3) with boxxyerror fs solid 1 border lc rgb 'white' fc rgb '#cc6677' title 'test', \
  'fig25.dat' using 2:1:5 with labels offset 0,0.6 font ',13' tc rgb 'white' notitle, \
  'fig25.dat' using 2:1:6 with labels offset 0,-0.6 font ',11' tc rgb 'white' notitle
set terminal pngcairo size 1640,740 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'fig25.png'
replot
unset output
