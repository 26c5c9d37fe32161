// All areas are there: show what the address names, before anything is drawn.

qa.start();
