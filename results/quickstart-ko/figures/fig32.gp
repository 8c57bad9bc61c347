# Test embeddings, first two principal components
# Draw again: gnuplot fig32.gp
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
set label 99 'Test embeddings, first two principal components' at graph 0, 1 left offset 0, 1.2 font ',15' tc rgb '#222222'
set xlabel 'component 1' tc rgb '#222222'
set ylabel 'component 2' tc rgb '#222222'
set grid xtics ytics
set offsets graph 0.04, graph 0.04, graph 0.04, graph 0.04
set key outside right center vertical Left reverse samplen 0.6 spacing 1.15 font ',10'
set rmargin
set bmargin 3.5
set terminal svg size 820,560 dynamic noenhanced font 'NanumGothic,13' background 'white'
set output 'fig32.svg'
plot 'fig32.dat' index 0 using 1:2 with points pt 7 ps 0.75 lc rgb '#30332288' title 'animals', \
  'fig32.dat' index 1 using 1:2 with points pt 5 ps 0.75 lc rgb '#30cc6677' title 'animals/birds', \
  'fig32.dat' index 2 using 1:2 with points pt 9 ps 0.75 lc rgb '#30117733' title 'animals/insects', \
  'fig32.dat' index 3 using 1:2 with points pt 13 ps 0.75 lc rgb '#30ddaa33' title 'animals/mammals', \
  'fig32.dat' index 4 using 1:2 with points pt 7 ps 0.75 lc rgb '#3088ccee' title 'clothes', \
  'fig32.dat' index 5 using 1:2 with points pt 5 ps 0.75 lc rgb '#30882255' title 'food', \
  'fig32.dat' index 6 using 1:2 with points pt 9 ps 0.75 lc rgb '#3044aa99' title 'food/fruit', \
  'fig32.dat' index 7 using 1:2 with points pt 13 ps 0.75 lc rgb '#30999933' title 'hobbies', \
  'fig32.dat' index 8 using 1:2 with points pt 7 ps 0.75 lc rgb '#30aa4499' title 'household', \
  'fig32.dat' index 9 using 1:2 with points pt 5 ps 0.75 lc rgb '#30777777' title 'medical', \
  'fig32.dat' index 10 using 1:2 with points pt 13 ps 0.75 lc rgb '#30332288' title 'military', \
  'fig32.dat' index 11 using 1:2 with points pt 7 ps 0.75 lc rgb '#30cc6677' title 'naturalforces', \
  'fig32.dat' index 12 using 1:2 with points pt 5 ps 0.75 lc rgb '#30117733' title 'people', \
  'fig32.dat' index 13 using 1:2 with points pt 9 ps 0.75 lc rgb '#30ddaa33' title 'plants', \
  'fig32.dat' index 14 using 1:2 with points pt 13 ps 0.75 lc rgb '#3088ccee' title 'plants/flowers', \
  'fig32.dat' index 15 using 1:2 with points pt 7 ps 0.75 lc rgb '#30882255' title 'seasonal', \
  'fig32.dat' index 16 using 1:2 with points pt 5 ps 0.75 lc rgb '#3044aa99' title 'seasonal/christmas', \
  'fig32.dat' index 17 using 1:2 with points pt 9 ps 0.75 lc rgb '#30999933' title 'space', \
  'fig32.dat' index 18 using 1:2 with points pt 13 ps 0.75 lc rgb '#30aa4499' title 'sports', \
  'fig32.dat' index 19 using 1:2 with points pt 7 ps 0.75 lc rgb '#30777777' title 'symbols', \
  'fig32.dat' index 20 using 1:2 with points pt 9 ps 0.75 lc rgb '#30332288' title 'symbols/alphabets', \
  'fig32.dat' index 21 using 1:2 with points pt 13 ps 0.75 lc rgb '#30cc6677' title 'symbols/math', \
  'fig32.dat' index 22 using 1:2 with points pt 7 ps 0.75 lc rgb '#30117733' title 'symbols/money', \
  'fig32.dat' index 23 using 1:2 with points pt 5 ps 0.75 lc rgb '#30ddaa33' title 'town', \
  'fig32.dat' index 24 using 1:2 with points pt 9 ps 0.75 lc rgb '#3088ccee' title 'town/houses', \
  'fig32.dat' index 25 using 1:2 with points pt 13 ps 0.75 lc rgb '#30882255' title 'town/roadsigns', \
  'fig32.dat' index 26 using 1:2 with points pt 7 ps 0.75 lc rgb '#3044aa99' title 'vehicles'
set terminal pngcairo size 1640,1120 noenhanced font 'NanumGothic,13' fontscale 2 linewidth 2 pointscale 2 background 'white'
set output 'fig32.png'
replot
unset output
