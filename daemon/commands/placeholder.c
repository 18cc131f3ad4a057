typedef int tw_commands_placeholder;
