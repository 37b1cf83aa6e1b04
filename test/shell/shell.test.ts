import { describe, expect, it } from 'vitest';
import { splitScript } from '../../engine/shell/index.ts';
import { output, TestMachine } from '../linux/machine.ts';

/** Scripts and what bash prints for them. */
const CASES: Record<string, [script: string, expected: string][]> = {
  expansion: [
    [
      's=hello.tar.gz; echo ${s%.*} ${s##*.} ${s/l/L} ${s//[l-o]/X} ${#s} ${s:1:3} ${s: -2} ${s^^}',
      'hello.tar gz heLlo.tar.gz heXXX.tar.gz 12 ell gz HELLO.TAR.GZ\n',
    ],
    ['unset x; echo "${x:-def}" "${x+set}" "${x:=now}" "$x"', 'def  now now\n'],
    ['echo {a,b}{1..3} {03..01} "{a,b}"', 'a1 a2 a3 b1 b2 b3 03 02 01 {a,b}\n'],
    ['x=\'a   b\'; echo $x; echo "$x"; IFS=:; y=1::2; for i in $y; do echo "<$i>"; done', 'a b\na   b\n<1>\n<>\n<2>\n'],
    ['set -- a "b c"; for i in "$@"; do echo "<$i>"; done; echo "$*" $#', '<a>\n<b c>\na b c 2\n'],
    ['touch b.txt a.txt; echo *.txt [a]* nomatch*', 'a.txt b.txt a.txt nomatch*\n'],
    ['echo $((1+2*3)) $((2**10)) $((7/2)) $((0x1f)) $((5>3?10:20)); i=5; ((i++)); echo $i', '7 1024 3 31 10\n6\n'],
    ['echo "$(echo "q $(echo r)")" `echo back`', 'q r back\n'],
    [`echo "a\\{1,3\\}" "\\q" "\\$x" "\${x:-c\\}d}"`, 'a\\{1,3\\} \\q $x c}d\n'],
  ],
  arrays: [
    ['a=(1 2 "3 4"); a+=(5); echo ${#a[@]} "${a[2]}" "${a[@]:1:2}" ${!a[@]}', '4 3 4 2 3 4 0 1 2 3\n'],
    ['declare -A m; m[k]=v; m[x y]=z; for k in "${!m[@]}"; do echo "$k=${m[$k]}"; done', 'k=v\nx y=z\n'],
    ["mapfile -t l < <(printf 'a\\nb\\n'); echo ${l[1]}", 'b\n'],
  ],
  control: [
    ['for i in 1 2 3; do [ $i = 2 ] && continue; echo $i; done', '1\n3\n'],
    ['for ((i=0;i<3;i++)); do echo -n $i; done; i=3; until ((i==0)); do ((i--)); done; echo $i', '0120\n'],
    ['case foo.txt in *.md) echo md;; *.txt|x) echo txt;; esac', 'txt\n'],
    ['f() { local x=1; [ $1 -eq 0 ] && return 3; f $(($1-1)); }; x=9; f 5; echo $? $x', '3 9\n'],
    ['[[ abc == a* && abc =~ ^a(b)c$ ]] && echo ${BASH_REMATCH[1]}', 'b\n'],
    ['(exit 3); echo $?; false || echo or; ! false && echo not', '3\nor\nnot\n'],
  ],
  redirection: [
    ["cat <<EOF\n$((1+1)) $(echo sub)\nEOF\ncat <<'EOF'\n$x\nEOF", '2 sub\n$x\n'],
    [`cat <<EOF\n\\"q\\" \\$x \\}\nEOF`, '\\"q\\" $x \\}\n'],
    ['{ echo out; echo err >&2; } > both 2>&1; cat both; cat <<< here', 'out\nerr\nhere\n'],
    ['while read -r a b; do echo "$b-$a"; done <<EOF\n1 x\n2 y\nEOF', 'x-1\ny-2\n'],
    ['exec 3> f; echo three >&3; exec 3>&-; cat f', 'three\n'],
    ['diff <(echo a) <(echo a) && echo same', 'same\n'],
    ['source <(echo x=1); . /dev/stdin <<< y=2; echo $x $y', '1 2\n'],
  ],
  jobs: [
    ['sleep 1 & p=$!; wait $p; echo $?; (exit 5) & wait $!; echo $?', '0\n5\n'],
    ["trap 'echo bye' EXIT; trap 'echo got' TERM; kill -TERM $$; echo after", 'got\nafter\nbye\n'],
    ['false | true; echo "${PIPESTATUS[@]}"; set -o pipefail; false | true || echo failed', '1 0\nfailed\n'],
  ],
  scripts: [
    ["printf '#!/usr/bin/bash\\necho $0 $1\\n' > s.sh; chmod +x s.sh; ./s.sh a; bash s.sh b", './s.sh a\ns.sh b\n'],
    ['echo \'read x; echo "got $x"\ndata\' | bash', 'got data\n'],
    ['while getopts "ab:" o; do echo "$o $OPTARG"; done; echo $OPTIND', '1\n'],
  ],
};

describe.each(Object.entries(CASES))('bash: %s', (_name, cases) => {
  it.each(cases)('%s', (script, expected) => {
    expect(output(script)).toBe(expected);
  });
});

describe('errors of shells', () => {
  it('are told in the words of bash', () => {
    const machine = new TestMachine();
    expect(machine.type('nosuch')).toMatchObject({ stderr: 'bash: nosuch: command not found\n', status: 127 });
    expect(machine.type('echo $((1/0))').stderr).toBe('bash: 1/0: division by 0 (error token is "0")\n');
    expect(machine.type('echo )')).toMatchObject({
      stderr: "bash: syntax error near unexpected token `)'\n",
      status: 2,
    });
    expect(machine.type('cat < nofile').stderr).toBe('bash: nofile: No such file or directory\n');
    expect(machine.run('set -u; echo $nope; echo no')).toMatchObject({
      stdout: '',
      stderr: 'bash: line 1: nope: unbound variable\n',
    });
  });

  it('are told in the words of busybox and of dash', () => {
    const machine = new TestMachine('busybox');
    expect(machine.run('nosuch', 'sh')).toMatchObject({ stderr: 'sh: nosuch: not found\n', status: 127 });
    expect(machine.run('if', 'sh').stderr).toBe('sh: syntax error: unexpected end of file (expecting "then")\n');
    expect(machine.run('nosuch', 'dash').stderr).toBe('dash: 1: nosuch: not found\n');
    expect(machine.run('[[ a = a ]]', 'dash').status).toBe(127);
  });

  it('report input that is not complete', () => {
    const machine = new TestMachine();
    expect(machine.type('echo "open')).toMatchObject({
      stderr: 'bash: unexpected EOF while looking for matching `"\'\n',
      status: 2,
    });
    expect(machine.type('cat <<EOF\ntext')).toMatchObject({
      stderr: "bash: here-document delimited by end-of-file (wanted `EOF')\n",
      status: 2,
    });
    expect(machine.type('for i in a; do')).toMatchObject({
      stderr: 'bash: syntax error: unexpected end of file\n',
      status: 2,
    });
  });

  it('end a script under set -e where bash would', () => {
    const machine = new TestMachine();
    expect(machine.run('set -e; if false; then :; fi; false || echo caught; false; echo no')).toMatchObject({
      stdout: 'caught\n',
      status: 1,
    });
  });

  it('stop functions that call themselves without end', () => {
    const machine = new TestMachine();
    expect(machine.type('f() { f; }; f').stderr).toBe('bash: maximum nesting level exceeded (100)\n');
    expect(machine.type('echo alive').stdout).toBe('alive\n');
  });
});

describe('time in a shell', () => {
  it('advances in a loop that does nothing, so that it can be interrupted', () => {
    const machine = new TestMachine();
    expect(machine.run('timeout 1 bash -c "while true; do :; done"').status).toBe(124);
  });

  it('is that of the virtual clock', () => {
    const machine = new TestMachine();
    machine.run('sleep 5m');
    expect(machine.run('date +%T').stdout).toBe('09:05:00\n');
  });
});

describe('a terminal session', () => {
  it('keeps variables, functions, directory, aliases and the last status', () => {
    const machine = new TestMachine();
    machine.type('x=1; f() { echo "f $x"; }; mkdir d; cd d; alias hi="echo hello"');
    expect(machine.type('f; pwd; hi there').stdout).toBe('f 1\n/root/d\nhello there\n');
    machine.type('false');
    expect(machine.type('echo $?').stdout).toBe('1\n');
    machine.type(`alias say='f() { echo "said $1"; }; f'`);
    expect(machine.type('say it').stdout).toBe('said it\n');
  });

  it('keeps background jobs and tells when they have ended', () => {
    const machine = new TestMachine();
    expect(machine.type('sleep 10 &').stderr).toMatch(/^\[1\] \d+\n$/);
    expect(machine.type('jobs').stdout).toBe('[1]+  Running                 sleep 10 &\n');
    expect(machine.type('sleep 11').stderr).toBe('[1]+  Done                    sleep 10\n');
  });
});

describe('splitting a script into command lines', () => {
  it('keeps here-documents and compound commands whole', () => {
    const script = 'echo a\n# note\ncat <<EOF\nx\nEOF\nif true; then\n  echo b\nfi\necho "c\nd"\n';
    expect(splitScript(script)).toEqual(['echo a', 'cat <<EOF\nx\nEOF', 'if true; then\n  echo b\nfi', 'echo "c\nd"']);
  });

  it('leaves what does not parse as one piece, for the shell to report', () => {
    expect(splitScript('echo a\nfi\necho b')).toEqual(['echo a', 'fi\necho b']);
  });
});
