# Completion of sentinelctl in bash. Made from the commands; tests/site/test_completion.py says when it is to be made again.
#   cp deploy/sentinelctl.bash /etc/bash_completion.d/sentinelctl
_sentinelctl() {
    local words word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    case "$COMP_CWORD:${COMP_WORDS[1]}:${COMP_WORDS[2]}" in
        1:*) words="alert silence oncall job apikey bootstrap demo doctor restore scan_backups up" ;;
        2:alert:*) words="list show log ack resolve comment escalate raise watch" ;;
        *:alert:list) words="--help --as --json --ndjson --limit --cursor --status --priority --severity --source --type --subject --label --q --since --until --open --closed --all --held --not-held" ;;
        *:alert:show) words="--help --as --json" ;;
        *:alert:log) words="--help --as --json --ndjson --limit --cursor" ;;
        *:alert:ack) words="--help --as --json --note --promise" ;;
        *:alert:resolve) words="--help --as --json --note --resolution" ;;
        *:alert:comment) words="--help --as --json --note" ;;
        *:alert:escalate) words="--help --as --json --note" ;;
        *:alert:raise) words="--help --as --json --source --severity --type --subject --description --dedup-key --label --link --runbook-url --occurred-at" ;;
        *:alert:watch) words="--help --as --json --since --count" ;;
        2:silence:*) words="list add end" ;;
        *:silence:list) words="--help --as --json --ndjson --limit --cursor --all" ;;
        *:silence:add) words="--help --as --json --reason --for --until --from --yes" ;;
        *:silence:end) words="--help --as --json" ;;
        2:oncall:*) words="who shifts" ;;
        *:oncall:who) words="--help --as --json --at" ;;
        *:oncall:shifts) words="--help --as --json --since --until" ;;
        2:job:*) words="list run log" ;;
        *:job:list) words="--help --as --json --ndjson --limit --cursor" ;;
        *:job:run) words="--help --as --json --argument --no-wait" ;;
        *:job:log) words="--help --as --json --ndjson --limit --cursor --status --since" ;;
    esac
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]} $before" in
        "alert list --status") words="PENDING DELIVERED SEEN ACKNOWLEDGED RESOLVED EXPIRED" ;;
        "alert list --priority") words="P1 P2 P3 P4 P5" ;;
        "alert list --severity") words="critical high medium low info" ;;
        "alert ack --promise") words="calling on_my_way handling" ;;
        "alert resolve --resolution") words="handled help_sent false_alarm test" ;;
        "alert raise --severity") words="critical high medium low info" ;;
        "job log --status") words="queued running success warning error orphaned skipped" ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sentinelctl sentinelctl
