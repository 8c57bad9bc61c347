# Text to video by loss, R@10
# Draw again: gnuplot loss-ablation.gp
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
set label 99 'Text to video by loss, R@10' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xrange [0:63.97332059787178]
set yrange [0.4:10.6]
set xlabel 'R@10 (%)' tc rgb '#222222'
set ytics ('hinges, image anchors' 10, 'hinges, both anchors' 9, 'varied margin, image anchors' 8, 'varied margin, other anchors' 7, 'varied margin, both anchors' 6, 'hardest hinges (VSE++)' 5, 'hardest semi-hard hinges' 4, 'InfoNCE' 3, 'InfoNCE, learned scale' 2, 'MIL-NCE' 1)
set grid noytics xtics
set ytics scale 0
set border 1
set arrow from 4.06504065040652, graph 0 to 4.06504065040652, graph 1 nohead lw 1.4 dt 2 lc rgb '#777777'
set label 'chance' at 4.06504065040652, graph 1 offset 0.4,-0.7 font ',11' tc rgb '#777777'
set terminal svg size 820,600 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'loss-ablation.svg'
plot 'loss-ablation.dat' using ($4==0 ? $2 : NaN):1 with points pt 6 ps 0.9 lw 1.2 lc rgb '#4477aa' title 'settings tried', \
  'loss-ablation.dat' using ($4==1 ? $2 : NaN):1 with points pt 7 ps 1.3 lc rgb '#cc6677' title 'chosen on validation', \
  'loss-ablation.dat' using ($4==1 && $3>0 ? $2 : NaN):1:3 with xerrorbars pt -1 lw 1.4 lc rgb '#cc6677' notitle, \
  'loss-ablation.dat' using ($4==1 ? 53.225802737429326 : NaN):1:5 with labels left font ',11' tc rgb '#222222' notitle
set terminal pngcairo size 1640,1200 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'loss-ablation.png'
replot
unset output
