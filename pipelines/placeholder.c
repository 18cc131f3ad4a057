typedef int tw_placeholder;
