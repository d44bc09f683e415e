# The commands of README.md after the line <!-- run NAME -->: the indented block that follows it,
# without its indentation. awk -v name=NAME -f commands.awk README.md
$0 ~ "^ *<!-- run " name " -->$" { found = 1; next }
found && /^ *$/ { if (indent) print ""; next }
found && !indent { match($0, /^ */); indent = RLENGTH }
found { match($0, /^ */); if (RLENGTH < indent) exit; print substr($0, indent + 1) }
END { if (!indent) exit 1 }
