# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# Completion of virt-jobstorm's arguments. What can be chosen is asked of the program
# itself, so that it is never out of date; names of domains are asked of virsh.

# _virt_jobstorm_list WORD HEAD: the names after HEAD in --help, the last of the list
# WORD completed.
_virt_jobstorm_list() {
    local names before=''
    names=$(virt-jobstorm --help 2>/dev/null | sed -n "s/^$2: //p" | tr -d ,)
    [[ $1 != *,* ]] || before=${1%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "$names" -- "${1##*,}")
}

_virt_jobstorm() {
    local word=${COMP_WORDS[COMP_CWORD]} option='' uri='' n names before=''
    COMPREPLY=()
    [ "$COMP_CWORD" -lt 1 ] || option=${COMP_WORDS[COMP_CWORD - 1]}
    for ((n = 1; n < COMP_CWORD - 1; n++)); do
        case ${COMP_WORDS[n]} in
        -u | --uri) uri=${COMP_WORDS[n + 1]} ;;
        esac
    done
    case $option in
    --call)
        names=$(virt-jobstorm --list-calls 2>/dev/null | cut -d' ' -f1)
        [[ $word != *,* ]] || before=${word%,*},
        mapfile -t COMPREPLY < <(compgen -P "$before" -W "$names" -- "${word##*,}")
        ;;
    -f | --flags) LC_ALL=C _virt_jobstorm_list "$word" 'Migration flags' ;;
    -p | --param | --param-back)
        LC_ALL=C _virt_jobstorm_list "$word" 'Migration parameters'
        COMPREPLY=("${COMPREPLY[@]/%/=}")
        ;;
    --fail-if) LC_ALL=C _virt_jobstorm_list "$word" 'Conditions of --fail-if are about' ;;
    -d | --domain)
        names=$(virsh ${uri:+-c "$uri"} -q -r list --all --name 2>/dev/null)
        mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
        ;;
    -j | --json | -t | --timeline | --interval-log | --hdr-log | --heartbeat | --compare)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        ;;
    -u | --uri | -m | --migrate | --from) ;;
    *)
        if [[ $word == -* ]]; then
            names=$(LC_ALL=C virt-jobstorm --help 2>/dev/null |
                    sed -n '/^Examples:/q; s/^ *\(-., \)\{0,1\}\(--[a-z-]*\).*/\2/p')
            mapfile -t COMPREPLY < <(compgen -W "$names" -- "$word")
        else
            mapfile -t COMPREPLY < <(compgen -f -- "$word")
        fi
        ;;
    esac
}
complete -F _virt_jobstorm virt-jobstorm
