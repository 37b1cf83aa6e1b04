// What root may do on a machine: on a node everything, in a container what the runtime leaves it.

import type { Process } from './types.ts';

/** containerd's set for a container that asks for nothing. */
const DEFAULT = words(
  'AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP SETUID SYS_CHROOT',
);
const all = () => [
  ...DEFAULT,
  ...words(
    'AUDIT_CONTROL AUDIT_READ BLOCK_SUSPEND BPF CHECKPOINT_RESTORE DAC_READ_SEARCH IPC_LOCK IPC_OWNER LEASE LINUX_IMMUTABLE',
    'MAC_ADMIN MAC_OVERRIDE NET_ADMIN NET_BROADCAST PERFMON SYSLOG SYS_ADMIN SYS_BOOT SYS_MODULE SYS_NICE SYS_PACCT',
    'SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM',
  ),
];

function words(...lines: string[]): string[] {
  return lines.join(' ').split(' ');
}

const USUAL: ReadonlySet<string> = new Set(DEFAULT);

/** Of a container, by names without CAP_. `add` and `drop` as in its security context. */
export function containerCapabilities(add?: readonly string[], drop?: readonly string[]): ReadonlySet<string> {
  return add || drop ? changed(add, drop) : USUAL;
}

function changed(add: readonly string[] = [], drop: readonly string[] = []): ReadonlySet<string> {
  const plain = (name: string) => name.toUpperCase().replace(/^CAP_/, '');
  const added = add.map(plain);
  const dropped = drop.map(plain);
  const base = dropped.includes('ALL') ? [] : added.includes('ALL') ? all() : DEFAULT;
  return new Set([...base, ...added].filter((name) => !dropped.includes(name)));
}

/** Whether a process may do what the capability stands for. Only root has any: containers get no ambient ones. */
export function capable({ uid, host }: Process, capability: string): boolean {
  return uid === 0 && (host.capabilities === undefined || host.capabilities.has(capability));
}
