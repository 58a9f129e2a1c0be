# SPDX-License-Identifier: LGPL-2.1-or-later
# bench/report: the rows, what was measured, and four forms of both.

function trim(text) { gsub(/^ +| +$/, "", text); return text }
function has(key) { return (key in count) }

# A figure in the unit of its row.
function figure(key) { return unit[key] == "ratio" ? count[key] / count["unix-64"] : count[key] }

function shown(value) {
    if (value == "-")
        return "–"
    return sprintf(value < 0.1 ? "%.3f" : value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value)
}

# As the table shows it: 1.254 meets 1.25.
function is_met(key) { return !(shown(figure(key)) + 0 > target[key] + 0) }

function verdict(key) {
    if (target[key] == "-" || target[key] == "ref")
        return ""
    return is_met(key) ? "met" : "not met"
}

# The competitor that took least, and its name.
function best_other(key,    n, i, list, best) {
    n = split(others[key], list, " ")
    best = ""
    for (i = 1; i <= n; i++)
        if (has(list[i]) && (best == "" || count[list[i]] < count[best]))
            best = list[i]
    return best
}

function other_shown(key,    best, name) {
    best = best_other(key)
    if (best == "")
        return "–"
    name = best
    sub(/-(64|4k|64k|1m|1m-read|send|receive)$/, "", name)
    return shown(figure(best)) " " name
}

function value_shown(key) {
    return sprintf(unit[key] == "ratio" ? "%.0f" : unit[key] == "KiB" ? "%.0f KiB" : "%.2f", count[key])
}

# How much two runs differ, in parts of the smaller.
function spread(key,    a, b) {
    a = count[key]
    b = again[key]
    if (!(key in again) || unit[key] != "ratio" || a <= 0 || b <= 0)
        return 0
    return a > b ? a / b - 1 : b / a - 1
}

function pad(text, width,    n) {
    # bytes that continue a character take no room
    n = text
    gsub(/[\200-\277]/, "", n)
    while (length(n) < width) {
        n = n " "
        text = text " "
    }
    return text
}

function line(a, b, c, d, e, f, g) {
    if (form == "markdown")
        return "| " a " | " b " | " c " | " d " | " e " | " f " | " g " |"
    return pad(a, 50) pad(b, 14) pad(c, 9) pad(d, 9) pad(e, 10) pad(f, 19) g
}

function table(is_ref,    i, key) {
    for (i = 1; i <= n_rows; i++) {
        key = keys[i]
        if (!has(key) || (target[key] == "ref") != is_ref)
            continue
        print line(what[key], value_shown(key), unit[key] == "ratio" ? shown(figure(key)) : "–", \
            is_ref ? "" : target[key] == "-" ? "–" : target[key], is_ref ? "" : original[key] == "-" ? "–" : original[key], \
            is_ref ? "" : other_shown(key), verdict(key))
    }
}

function wall_table(    i, key) {
    if (!("unix-64" in wall1) && !("unix-64" in wall2))
        return
    print ""
    print form == "markdown" ? "| time, as a ratio to the same echo of 64 B (noisy) | 1 processor | 2 processors |\n| --- | --- | --- |" : \
        pad("time, as a ratio to the same echo of 64 B (noisy)", 50) pad("1 processor", 14) "2 processors"
    for (i = 1; i <= n_rows; i++) {
        key = keys[i]
        # a difference of two times is nothing but noise
        if (unit[key] != "ratio" || key == "metadata" || (!(key in wall1) && !(key in wall2)))
            continue
        a = (key in wall1) ? sprintf("%.2f", wall1[key] / wall1["unix-64"]) : "–"
        b = (key in wall2) ? sprintf("%.2f", wall2[key] / wall2["unix-64"]) : "–"
        print form == "markdown" ? "| " what[key] " | " a " | " b " |" : pad(what[key], 50) pad(a, 14) b
    }
}

function summary(    i, key, most, n_met, n_target, missed) {
    for (i = 1; i <= n_rows; i++) {
        key = keys[i]
        if (!has(key))
            continue
        if (spread(key) > spread(most))
            most = key
        if (verdict(key) == "")
            continue
        n_target++
        n_met += is_met(key)
    }
    print ""
    printf "%d of %d targets met. The unit is %.0f instructions.", n_met, n_target, count["unix-64"]
    if (most != "")
        printf " A second guest differs by at most %.2f %% (%s).", spread(most) * 100, what[most]
    print ""
    if ("kernel" in about)
        print "Kernel " about["kernel"] ", kdbus " about["kdbus"] "."
}

function screen() {
    print line("", "instructions", "ratio", "target", "original", "best other", "")
    if (form == "markdown")
        print "| --- | --- | --- | --- | --- | --- | --- |"
    table(0)
    if (form == "markdown") {
        summary()
        print "\n| for comparison, in the same run | instructions | ratio |\n| --- | --- | --- |"
        for (i = 1; i <= n_rows; i++)
            if (has(keys[i]) && target[keys[i]] == "ref")
                print "| " what[keys[i]] " | " value_shown(keys[i]) " | " shown(figure(keys[i])) " |"
    } else {
        print "for comparison"
        table(1)
    }
    wall_table()
    if (form != "markdown")
        summary()
}

function number(value) { return value == "-" || value == "ref" || value == "" ? "null" : value + 0 }

function json(    i, key, comma, name) {
    print "{"
    for (name in about)
        printf "  \"%s\": \"%s\",\n", name, about[name]
    printf "  \"unit_instructions\": %.1f,\n  \"rows\": [", count["unix-64"]
    for (i = 1; i <= n_rows; i++) {
        key = keys[i]
        if (!has(key))
            continue
        printf "%s\n    { \"key\": \"%s\", \"what\": \"%s\", \"unit\": \"%s\", \"value\": %.1f, \"second_run\": %s,", comma, key, \
            what[key], unit[key], count[key], (key in again) ? sprintf("%.1f", again[key]) : "null"
        printf " \"ratio\": %s, \"target\": %s, \"original\": %s, \"met\": %s,", \
            unit[key] == "ratio" ? sprintf("%.4f", figure(key)) : "null", number(target[key]), number(original[key]), \
            verdict(key) == "" ? "null" : is_met(key) ? "true" : "false"
        printf " \"wall_1_cpu_ns\": %s, \"wall_2_cpus_ns\": %s }", (key in wall1) ? wall1[key] : "null", \
            (key in wall2) ? wall2[key] : "null"
        comma = ","
    }
    print "\n  ]\n}"
}

# For gnuplot: what, ours, target, original, best other; "?" where there is none.
function plot(    i, key, best) {
    for (i = 1; i <= n_rows; i++) {
        key = keys[i]
        if (!has(key) || unit[key] != "ratio" || target[key] + 0 == 0)
            continue
        best = best_other(key)
        printf "\"%s\"\t%.4f\t%s\t%s\t%s\n", what[key], figure(key), target[key], original[key] == "-" ? "?" : original[key], \
            best == "" ? "?" : sprintf("%.4f", figure(best))
    }
}

# The rows that are not met, for bench/record.
function missed(    i) {
    for (i = 1; i <= n_rows; i++)
        if (has(keys[i]) && verdict(keys[i]) == "not met")
            print keys[i] "\t" what[keys[i]]
}

FNR == NR {
    if (split($0, cell, "|") < 7 || /^#/)
        next
    key = trim(cell[1])
    keys[++n_rows] = key
    unit[key] = trim(cell[3])
    original[key] = trim(cell[4])
    target[key] = trim(cell[5])
    others[key] = trim(cell[6])
    what[key] = trim(cell[7])
    next
}
$1 == "count" { count[$2] = $3 }
$1 == "again" { again[$2] = $3 }
$1 == "wall1" { wall1[$2] = $3 }
$1 == "wall2" { wall2[$2] = $3 }
$1 == "about" { name = $2; sub(/^about [^ ]+ /, ""); about[name] = $0 }
END {
    if (!has("unix-64")) {
        print "report: the unit was not measured" > "/dev/stderr"
        exit 1
    }
    if (form == "json")
        json()
    else if (form == "plot")
        plot()
    else if (form == "missed")
        missed()
    else
        screen()
}
