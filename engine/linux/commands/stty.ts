// stty: the size of the terminal, and what else it says of one.

import { terminalOf } from '../terminal.ts';
import type { Program } from '../types.ts';
import { fail, put } from './options.ts';

/** Modes of a terminal that cooks its input; here none of them changes. */
const MODES = `intr = ^C; quit = ^\\; erase = ^?; kill = ^U; eof = ^D; eol = <undef>; eol2 = <undef>;
swtch = <undef>; start = ^Q; stop = ^S; susp = ^Z; rprnt = ^R; werase = ^W; lnext = ^V;
discard = ^O; min = 1; time = 0;
-parenb -parodd -cmspar cs8 -hupcl -cstopb cread -clocal -crtscts
-ignbrk -brkint -ignpar -parmrk -inpck -istrip -inlcr -igncr icrnl ixon -ixoff
-iuclc -ixany -imaxbel -iutf8
opost -olcuc -ocrnl onlcr -onocr -onlret -ofill -ofdel nl0 cr0 tab0 bs0 vt0 ff0
isig icanon iexten echo echoe echok -echonl -noflsh -xcase -tostop -echoprt
echoctl echoke -flusho -extproc
`;

export const stty: Program = function* (process) {
  yield 1;
  const terminal = terminalOf(process);
  if (!terminal) fail(process, "'standard input': Inappropriate ioctl for device");
  const words = process.argv.slice(1);
  if (words.length === 0) {
    put(process, 'speed 38400 baud; line = 0;\n-brkint -imaxbel\n');
    return 0;
  }
  for (let i = 0; i < words.length; i++) {
    const word = words[i];
    if (word === 'size') put(process, `${terminal.rows} ${terminal.columns}\n`);
    else if (word === '-a' || word === '--all') {
      put(process, `speed 38400 baud; rows ${terminal.rows}; columns ${terminal.columns}; line = 0;\n${MODES}`);
    } else if (word === 'rows' || word === 'cols' || word === 'columns') {
      const value = words[++i];
      if (value === undefined) fail(process, `missing argument to ‘${word}’`);
      if (!/^\d+$/.test(value)) fail(process, `invalid integer argument: ‘${value}’`);
      const size = { ...terminal, [word === 'rows' ? 'rows' : 'columns']: Number(value) };
      if (process.terminal) Object.assign(process.terminal, size);
      else process.terminal = size;
    } else if (MODES.split(/[\s;]+/).includes(word) || MODES.split(/[\s;]+/).includes(`-${word.replace(/^-/, '')}`)) {
      fail(process, `${word}: modes of the terminal are not modelled`);
    } else fail(process, `invalid argument ‘${word}’`);
  }
  return 0;
};
