// The kubelet's own log on its machine, as klog writes lines.

import type { FileSystem } from '../linux/index.ts';

const LOG = '/var/log/kubelet.log';

export function logLine(fs: FileSystem, now: number, level: 'I' | 'W' | 'E', where: string, text: string) {
  const iso = new Date(now).toISOString();
  const line = `${level}${iso.slice(5, 7)}${iso.slice(8, 10)} ${iso.slice(11, 23)}000     812 ${where}] ${text}\n`;
  if (!fs.exists(LOG)) {
    if (!fs.exists('/var/log')) fs.mkdir('/var/log', { recursive: true });
    fs.writeFile(LOG, '');
  }
  const file = fs.find(LOG);
  if (file?.kind === 'file') file.append(line);
}
