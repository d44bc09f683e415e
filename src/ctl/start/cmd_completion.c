/* completion: the script of a shell, for machines where it is not installed. */
#include <stdio.h>
#include <string.h>

#include "ctl/commands.h"

/* The files of conf/completion/; a test holds them equal. */
static const char bash[] =
	"# Completion of zknginxctl(8) for bash. \"zknginxctl complete\" prints the candidates, "
	"one a line.\n"
	"\n"
	"_zknginxctl() {\n"
	"\tlocal rest=$COMP_LINE words=() piece current prefix='' candidate kind=''\n"
	"\t# bash also cuts words at \":\" and \"=\", zknginxctl only at blanks.\n"
	"\tfor piece in \"${COMP_WORDS[@]:0:COMP_CWORD+1}\"; do\n"
	"\t\tif [[ -z $piece || ${#words[@]} -eq 0 || $rest == [[:blank:]]* ]]; then\n"
	"\t\t\trest=${rest#\"${rest%%[![:blank:]]*}\"}\n"
	"\t\t\twords+=(\"$piece\")\n"
	"\t\telse\n"
	"\t\t\twords[${#words[@]} - 1]+=$piece\n"
	"\t\tfi\n"
	"\t\trest=${rest#\"$piece\"}\n"
	"\tdone\n"
	"\twords=(\"${words[@]//[\\\"\\']/}\")\n"
	"\tcurrent=${words[${#words[@]} - 1]}\n"
	"\t[[ $COMP_WORDBREAKS == *:* && $current == *[:=]* ]] && "
	"prefix=${current%\"${current##*[:=]}\"}\n"
	"\n"
	"\tCOMPREPLY=()\n"
	"\twhile IFS=$'\\t' read -r candidate _; do\n"
	"\t\tcase $candidate in\n"
	"\t\t:files | :directories) kind=$candidate ;;\n"
	"\t\t*) COMPREPLY+=(\"${candidate#\"$prefix\"}\") ;;\n"
	"\t\tesac\n"
	"\tdone < <(command \"${words[0]}\" complete -- \"${words[@]:1}\" 2>/dev/null)\n"
	"\n"
	"\tcase $kind in\n"
	"\t:files) compopt -o default 2>/dev/null ;;\n"
	"\t:directories) compopt -o dirnames 2>/dev/null ;;\n"
	"\tesac\n"
	"\t[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace "
	"2>/dev/null\n"
	"\treturn 0\n"
	"}\n"
	"\n"
	"complete -F _zknginxctl zknginxctl\n";

static const char zsh[] = "#compdef zknginxctl\n"
			  "# Completion of zknginxctl(8) for zsh. \"zknginxctl complete\" prints "
			  "the candidates, one a line.\n"
			  "\n"
			  "_zknginxctl() {\n"
			  "\tlocal line name text\n"
			  "\tlocal -a candidates directories before\n"
			  "\tbefore=(\"${(@Q)words[2,CURRENT-1]}\")\n"
			  "\tfor line in \"${(@f)$(command $words[1] complete -- \"${before[@]}\" "
			  "\"${(Q)PREFIX}\" 2>/dev/null)}\"; do\n"
			  "\t\tname=${line%%$'\\t'*} text=${line#*$'\\t'}\n"
			  "\t\tcase $line in\n"
			  "\t\t:files) _files ;;\n"
			  "\t\t:directories) _files -/ ;;\n"
			  "\t\t'') ;;\n"
			  "\t\t*/$'\\t'*) directories+=(\"${name//:/\\\\:}${text:+:$text}\") ;;\n"
			  "\t\t*) candidates+=(\"${name//:/\\\\:}${text:+:$text}\") ;;\n"
			  "\t\tesac\n"
			  "\tdone\n"
			  "\t_describe -t candidates candidate candidates\n"
			  "\t_describe -t directories directory directories -S ''\n"
			  "}\n"
			  "\n"
			  "if [ \"$funcstack[1]\" = _zknginxctl ]; then\n"
			  "\t_zknginxctl \"$@\"\n"
			  "else\n"
			  "\tcompdef _zknginxctl zknginxctl\n"
			  "fi\n";

static const char fish[] = "# Completion of zknginxctl(8) for fish. \"zknginxctl complete\" prints "
			   "the candidates, one a line.\n"
			   "\n"
			   "function __zknginxctl_complete\n"
			   "    set -l words (commandline -opc)\n"
			   "    set -l lines (command $words[1] complete -- $words[2..-1] "
			   "(commandline -ct) 2>/dev/null)\n"
			   "    for line in $lines\n"
			   "        switch $line\n"
			   "            case :files\n"
			   "                __fish_complete_path (commandline -ct)\n"
			   "            case :directories\n"
			   "                __fish_complete_directories (commandline -ct)\n"
			   "            case '*'\n"
			   "                printf '%s\\n' $line\n"
			   "        end\n"
			   "    end\n"
			   "end\n"
			   "\n"
			   "complete -c zknginxctl -f -a '(__zknginxctl_complete)'\n";

static const struct {
	const char *shell, *script;
} scripts[] = { { "bash", bash }, { "zsh", zsh }, { "fish", fish } };

static int completion(struct ctl *ctl UNUSED, const struct arguments *args)
{
	const char *shell = arguments_at(args, 0);

	for (size_t i = 0; i < ARRAY_SIZE(scripts); i++) {
		if (strcmp(scripts[i].shell, shell) == 0) {
			fputs(scripts[i].script, stdout);
			return CTL_OK;
		}
	}
	return ctl_usage("completion: \"%s\" is not bash, zsh or fish", shell);
}

const struct command command_completion = {
	.name = "completion",
	.synopsis = "bash|zsh|fish",
	.summary = "print the completion script of a shell",
	.help = "make install puts the scripts where the shells look for them. This prints one "
		"for\n"
		"other machines. It completes commands, options, and the names of upstreams, "
		"sites,\n"
		"hosts, servers, znodes and revisions, which it reads from ZooKeeper.",
	.example = "  source <(zknginxctl completion bash)\n"
		   "  zknginxctl completion fish >~/.config/fish/completions/zknginxctl.fish",
	.least = 1,
	.most = 1,
	.without_settings = true,
	.run = completion,
};
