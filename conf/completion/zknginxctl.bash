# Completion of zknginxctl(8) for bash. "zknginxctl complete" prints the candidates, one a line.

_zknginxctl() {
	local rest=$COMP_LINE words=() piece current prefix='' candidate kind=''
	# bash also cuts words at ":" and "=", zknginxctl only at blanks.
	for piece in "${COMP_WORDS[@]:0:COMP_CWORD+1}"; do
		if [[ -z $piece || ${#words[@]} -eq 0 || $rest == [[:blank:]]* ]]; then
			rest=${rest#"${rest%%[![:blank:]]*}"}
			words+=("$piece")
		else
			words[${#words[@]} - 1]+=$piece
		fi
		rest=${rest#"$piece"}
	done
	words=("${words[@]//[\"\']/}")
	current=${words[${#words[@]} - 1]}
	[[ $COMP_WORDBREAKS == *:* && $current == *[:=]* ]] && prefix=${current%"${current##*[:=]}"}

	COMPREPLY=()
	while IFS=$'\t' read -r candidate _; do
		case $candidate in
		:files | :directories) kind=$candidate ;;
		*) COMPREPLY+=("${candidate#"$prefix"}") ;;
		esac
	done < <(command "${words[0]}" complete -- "${words[@]:1}" 2>/dev/null)

	case $kind in
	:files) compopt -o default 2>/dev/null ;;
	:directories) compopt -o dirnames 2>/dev/null ;;
	esac
	[[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace 2>/dev/null
	return 0
}

complete -F _zknginxctl zknginxctl
