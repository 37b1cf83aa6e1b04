import { describe, expect, it } from 'vitest';
import { output, TestMachine } from './machine.ts';

/** Scripts and what coreutils, grep, sed and awk print for them. */
const CASES: Record<string, [script: string, expected: string][]> = {
  cat: [["printf 'a\\n\\nb\\n' | cat -n", '     1\ta\n     2\t\n     3\tb\n']],
  head: [
    ['seq 20 | head -n -18', '1\n2\n'],
    ['yes hello | head -n 2', 'hello\nhello\n'],
  ],
  tar: [
    [
      'mkdir -p d/e; echo a > d/a; echo é > d/e/b; ln -s a d/l; chmod 600 d/a; tar cf d.tar d; tar tf d.tar; rm -r d; tar -xf d.tar; cat d/l d/e/b; stat -c %a d/a',
      'd/\nd/a\nd/e/\nd/e/b\nd/l\na\né\n600\n',
    ],
    ['mkdir d o; echo a > d/a; tar cf - -C d . | tar xvf - -C o --strip-components=1 2>&1; cat o/a', './\n./a\na\n'],
    [
      'tar cf - /etc/passwd 2>&1 >x.tar; tar tf x.tar; tar xf x.tar no 2>&1; echo $?',
      "tar: Removing leading `/' from member names\netc/passwd\ntar: no: Not found in archive\ntar: Exiting with failure status due to previous errors\n2\n",
    ],
  ],
  tail: [['seq 20 | tail -n +19', '19\n20\n']],
  wc: [["printf 'one two\\nthree é\\n' | wc", '      2       4      17\n']],
  cut: [["echo 'a:b:c' | cut -d: -f1,3", 'a:c\n']],
  tr: [["echo 'a  b' | tr -s ' ' | tr a-z A-Z", 'A B\n']],
  sort: [
    ["printf 'b 2\\na 10\\n' | sort -k2n", 'b 2\na 10\n'],
    ["printf '1K\\n2M\\n10\\n' | sort -h", '10\n1K\n2M\n'],
    ["printf 'v1.10\\nv1.9\\n' | sort -V", 'v1.9\nv1.10\n'],
  ],
  uniq: [["printf 'a\\na\\nb\\n' | uniq -c", '      2 a\n      1 b\n']],
  grep: [
    ['seq 10 | grep -A1 -B1 5', '4\n5\n6\n'],
    ["echo 'foo=bar' | grep -oE '[a-z]+$'", 'bar\n'],
    ["printf 'ab\\nAB\\n' | grep -ic ab", '2\n'],
  ],
  sed: [
    ["echo x | sed 'a \\   y'", 'x\n   y\n'],
    ["echo hello | sed -E 's/(l+)/<\\1>/'", 'he<ll>o\n'],
    ["printf 'a\\nb\\nc\\n' | sed ':a;N;$!ba;s/\\n/,/g'", 'a,b,c\n'],
    ["seq 5 | sed -n '/2/,/4/p'", '2\n3\n4\n'],
    ["echo aaa | sed 's/a*/x/g'", 'x\n'],
    ["seq 3 | sed '1!G;h;$!d'", '3\n2\n1\n'],
  ],
  awk: [
    ['printf \'a 1\\nb 2\\na 3\\n\' | awk \'{c[$1]+=$2} END {print c["a"], c["b"]}\'', '4 2\n'],
    ["echo 'x y z' | awk '{$2=\"Q\"; print; print NF}'", 'x Q z\n3\n'],
    ['awk \'function f(n){return n<=1?1:n*f(n-1)} BEGIN{printf "%d %5.2f|\\n", f(5), 2/3}\'', '120  0.67|\n'],
    ['awk \'BEGIN{"echo cmd" | getline x; print x; print "b\\na" | "sort"}\'', 'cmd\na\nb\n'],
  ],
  xargs: [
    ["echo 'a b c' | xargs -n2 echo +", '+ a b\n+ c\n'],
    ["printf 'x\\ny\\n' | xargs -I{} echo '<{}>'", '<x>\n<y>\n'],
  ],
  base64: [['echo hello | base64 | base64 -d', 'hello\n']],
  digests: [
    ['printf abc | sha256sum', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  -\n'],
    ['printf abc | md5sum', '900150983cd24fb0d6963f7d28e17f72  -\n'],
  ],
  date: [
    ["date '+%F %T %Z'", '2026-01-05 09:00:00 UTC\n'],
    ["date -d '2024-01-31 +1 day' +%F", '2024-02-01\n'],
    ['date -d @0 -Iseconds', '1970-01-01T00:00:00+00:00\n'],
  ],
  find: [['mkdir -p a/b; touch a/x.txt a/b/y.log; find a -type f | sort', 'a/b/y.log\na/x.txt\n']],
  diff: [["printf 'a\\nb\\n' > 1; printf 'a\\nc\\n' > 2; diff -u 1 2 | tail -n +3", '@@ -1,2 +1,2 @@\n a\n-b\n+c\n']],
  expr: [['expr 3 \\* \\( 1 + 2 \\)', '9\n']],
  dumps: [
    [
      "printf 'ab\\n' | xxd; printf 'ab' | od -An -tx1",
      '00000000: 6162 0a                                  ab.\n 61 62\n',
    ],
  ],
  ls: [
    [
      'umask 022; mkdir d; ln -s d l; touch d/f; chmod 750 d/f; ls -l d l | cut -c1-10',
      'lrwxrwxrwx\n\nd:\ntotal 0\n-rwxr-x---\n',
    ],
  ],
};

describe.each(Object.entries(CASES))('%s', (_name, cases) => {
  it.each(cases)('%s', (script, expected) => {
    expect(output(script)).toBe(expected);
  });
});

describe('errors of commands', () => {
  it('are told in GNU words', () => {
    const machine = new TestMachine();
    expect(machine.run('cat nofile')).toMatchObject({ stderr: 'cat: nofile: No such file or directory\n', status: 1 });
    expect(machine.run('ls nofile')).toMatchObject({
      stderr: "ls: cannot access 'nofile': No such file or directory\n",
      status: 2,
    });
    expect(machine.run('head -Z f').stderr).toBe(
      "head: invalid option -- 'Z'\nTry 'head --help' for more information.\n",
    );
    expect(machine.run("echo a | sed 's/a/b'").stderr).toBe(
      "sed: -e expression #1, char 5: unterminated `s' command\n",
    );
  });

  it('are told in busybox words on a busybox machine', () => {
    const machine = new TestMachine('busybox');
    expect(machine.run('cat nofile', 'sh').stderr).toBe("cat: can't open 'nofile': No such file or directory\n");
    expect(machine.run('rm nofile', 'sh').stderr).toBe("rm: can't remove 'nofile': No such file or directory\n");
    expect(machine.run('mkdir d; echo abc > d/f; ls -l d', 'sh').stdout).toMatch(
      /^total 4\n-rw-r--r-- {4}1 root {5}root {13}4 \w{3} .\d \d\d:\d\d f\n$/,
    );
    expect(machine.run('sh -c env', 'sh').stdout).toContain('SHLVL=2\n');
  });

  it('refuse what is not modelled instead of ignoring it', () => {
    const machine = new TestMachine();
    expect(machine.run('vi f').status).toBe(1);
    expect(machine.run('curl --compressed http://localhost')).toMatchObject({ status: 2 });
  });
});

describe('streams', () => {
  it('follow a file while it grows', () => {
    const machine = new TestMachine();
    expect(machine.run('echo one > f; (sleep 1; echo two >> f) & timeout 2 tail -f f').stdout).toBe('one\ntwo\n');
  });

  it('show lines as they come', () => {
    const machine = new TestMachine();
    const ran = machine.run(
      '(echo a1; sleep 5; echo a2) | grep --line-buffered a | while read x; do echo $x $(date +%S); done',
    );
    expect(ran.stdout).toBe('a1 00\na2 05\n');
  });
});

describe('processes', () => {
  it('end by signals with 128 and the number', () => {
    const machine = new TestMachine();
    expect(machine.run('sleep 100 & kill $!; wait $!; echo $?').stdout).toBe('143\n');
    expect(machine.run('timeout 2 sleep 100; echo $?; date +%S').stdout).toMatch(/^124\n/);
  });

  it('are listed while they live', () => {
    const machine = new TestMachine();
    expect(machine.run('sleep 50 & ps -e -o comm=; kill %1; wait').stdout).toBe('bash\nsleep\nps\n');
    expect(machine.host.processes.size).toBe(0);
    expect(machine.run('sleep 50 & ps -elf; kill %1').stdout).toMatch(/^F S UID .* CMD\n(4 S .*\n)+0 R .* ps -elf\n$/);
  });
});
