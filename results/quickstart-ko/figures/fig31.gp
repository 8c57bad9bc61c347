# Methods, cappedR@20 (%)
# Draw again: gnuplot fig31.gp
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
set label 99 'Methods, cappedR@20 (%)' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xrange [0:96.642]
set yrange [0.4:7.6]
set xlabel 'cappedR@20 (%)' tc rgb '#222222'
set ytics ('untrained' 7, 'K-NN' 6, 'contrastive loss' 5, 'triplet, hard negatives' 4, 'triplet, semi-hard negatives' 3, 'VSE++' 2, 'proposed' 1)
set grid noytics xtics
set ytics scale 0
set border 1
set terminal svg size 820,586 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'fig31.svg'
plot 'fig31.dat' using ($2/2):($1+0.19):($2/2):(0.17) with boxxyerror fc rgb '#4477aa' title 'this run', \
  'fig31.dat' using 2:($3>0 ? $1+0.19 : NaN):3 with xerrorbars pt -1 lw 1.3 lc rgb '#223344' notitle, \
  'fig31.dat' using (($2==$2 ? $2+$3 : 0)):($1+0.19):5 with labels left offset 0.7,0 font ',11' tc rgb '#222222' notitle, \
  'fig31.dat' using ($4/2):($1-0.19):($4/2):(0.17) with boxxyerror fc rgb '#c8c8c8' title 'published (hong2022, Figure 31)', \
  'fig31.dat' using 4:($1-0.19):6 with labels left offset 0.7,0 font ',11' tc rgb '#777777' notitle
set terminal pngcairo size 1640,1172 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'fig31.png'
replot
unset output
