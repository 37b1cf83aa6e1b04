import { describe, expect, it } from 'vitest';
import { decode, DirNode, encode, FileSystem, FsError, tree } from '../../engine/linux/index.ts';

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof FsError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a file system', () => {
  it('reads what was written, through relative paths and symbolic links', () => {
    const fs = new FileSystem();
    fs.mkdir('/a/b', { recursive: true });
    fs.writeFile('/a/b/f', 'one');
    fs.writeFile('/a/b/f', ' two', { append: true });
    fs.symlink('../a/b', '/a/link');
    const view = fs.view({ cwd: '/a/b' });
    expect(view.readFile('../link/./f')).toBe('one two');
    expect(fs.realpath('/a/link/f')).toBe('/a/b/f');
    expect(fs.readdir('/a')).toEqual(['b', 'link']);
  });

  it('gives the errors of the kernel', () => {
    const fs = new FileSystem();
    fs.mkdir('/d');
    fs.writeFile('/d/f', '');
    fs.symlink('/x', '/y');
    fs.symlink('/y', '/x');
    expect(codeOf(() => fs.readFile('/none'))).toBe('ENOENT');
    expect(codeOf(() => fs.readFile('/d'))).toBe('EISDIR');
    expect(codeOf(() => fs.readFile('/d/f/g'))).toBe('ENOTDIR');
    expect(codeOf(() => fs.mkdir('/d'))).toBe('EEXIST');
    expect(codeOf(() => fs.rmdir('/d'))).toBe('ENOTEMPTY');
    expect(codeOf(() => fs.readFile('/x'))).toBe('ELOOP');
    expect(codeOf(() => fs.writeFile('/no/where', ''))).toBe('ENOENT');
  });

  it('keeps users from what is not theirs', () => {
    const fs = new FileSystem();
    fs.writeFile('/secret', 's', { mode: 0o600 });
    fs.mkdir('/shared', { mode: 0o777 });
    fs.chmod('/shared', 0o2777);
    fs.chown('/shared', 0, 2000);
    const user = fs.view({ uid: 1000, gid: 3000, groups: [2000] });
    expect(codeOf(() => user.readFile('/secret'))).toBe('EACCES');
    expect(codeOf(() => user.writeFile('/f', ''))).toBe('EACCES');
    expect(codeOf(() => user.chmod('/secret', 0o777))).toBe('EPERM');
    user.writeFile('/shared/f', '');
    expect(fs.stat('/shared/f')).toMatchObject({ uid: 1000, gid: 2000, mode: 0o644 });
  });

  it('lies over an image without changing it', () => {
    const image = tree({ '/etc/conf': 'old', '/etc/other': 'kept', '/bin/tool': 'x' });
    const one = new FileSystem({ base: image });
    const two = new FileSystem({ base: image });
    one.writeFile('/etc/conf', 'new');
    one.remove('/bin');
    one.rename('/etc/other', '/moved');
    expect(one.readFile('/etc/conf')).toBe('new');
    expect(one.readdir('/')).toEqual(['etc', 'moved']);
    expect(two.readFile('/etc/conf')).toBe('old');
    expect(two.readdir('/')).toEqual(['bin', 'etc']);
    expect(one.root.layerBytes()).toBe('new'.length + 'kept'.length);
  });

  it('shows a volume in several places, read-only where it is mounted so', () => {
    const volume = new DirNode();
    const one = new FileSystem();
    const two = new FileSystem();
    one.mount('/data', volume);
    two.mount('/etc/config', volume, { readOnly: true });
    one.writeFile('/data/key', 'value');
    expect(two.readFile('/etc/config/key')).toBe('value');
    expect(codeOf(() => two.writeFile('/etc/config/key', 'other'))).toBe('EROFS');
    expect(codeOf(() => two.writeFile('/etc/config/new', ''))).toBe('EROFS');
    expect(codeOf(() => one.remove('/data'))).toBe('EBUSY');
    two.unmount('/etc/config');
    expect(two.readdir('/etc/config')).toEqual([]);
  });

  it('makes lazy content when it is read', () => {
    let reads = 0;
    const fs = new FileSystem({ base: tree({ '/proc/count': () => `${++reads}` }) });
    expect(reads).toBe(0);
    expect(fs.readFile('/proc/count') + fs.readFile('/proc/count')).toBe('12');
  });
});

describe('text as bytes', () => {
  it('keeps bytes that are not UTF-8', () => {
    const bytes = Uint8Array.from([0x41, 0xff, 0xc3, 0xa9, 0x80, 0xf0, 0x9f, 0x98, 0x80]);
    expect([...encode(decode(bytes))]).toEqual([...bytes]);
    expect(decode(encode('é😀'))).toBe('é😀');
  });
});
