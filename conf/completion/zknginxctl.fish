# Completion of zknginxctl(8) for fish. "zknginxctl complete" prints the candidates, one a line.

function __zknginxctl_complete
    set -l words (commandline -opc)
    set -l lines (command $words[1] complete -- $words[2..-1] (commandline -ct) 2>/dev/null)
    for line in $lines
        switch $line
            case :files
                __fish_complete_path (commandline -ct)
            case :directories
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%s\n' $line
        end
    end
end

complete -c zknginxctl -f -a '(__zknginxctl_complete)'
