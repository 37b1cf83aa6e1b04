// sim cloud: the provider's console: what it has, and machines stopped, started and terminated there.

import type { Provider } from '../cloud/provider.ts';
import { table } from './values.ts';
import { SimError, type SimTargets, type SubCommand } from './types.ts';

/** What can be listed: a head and rows. */
const LISTS: Readonly<Record<string, (cloud: Provider) => string[][]>> = {
  machines: (cloud) => [
    ['MACHINE', 'ID', 'TYPE', 'ZONE', 'ADDRESS', 'STATE'],
    ...[...cloud.machines.values()].map(({ name, id, type, zone, ip, state }) => [name, id, type, zone, ip, state]),
  ],
  balancers: (cloud) => [
    ['LOAD BALANCER', 'ADDRESS', 'PORTS', 'HEALTH CHECK', 'TARGETS'],
    ...[...cloud.balancers].map(([name, balancer]) => [
      name,
      balancer.ip,
      balancer.spec.ports.map(({ port, protocol }) => `${port}/${protocol}`).join(','),
      `${balancer.spec.check.port}${balancer.spec.check.path}`,
      balancer
        .health()
        .map((one) => `${one.name}:${one.healthy ? 'healthy' : 'unhealthy'}`)
        .join(',') || '-',
    ]),
  ],
  routes: (cloud) => [
    ['DESTINATION', 'NEXT HOP', 'ADDRESS'],
    ...[...cloud.routes.values()].map(({ cidr, machine }) => [cidr, machine, cloud.machines.get(machine)?.ip ?? '']),
  ],
  disks: (cloud) => [
    ['VOLUME', 'KIND', 'ZONE', 'SIZE', 'ATTACHED TO', 'NAME'],
    ...[...cloud.disks.values()].map(({ id, kind, zone, bytes, attached, name }) => [
      id,
      kind,
      kind === 'disk' ? zone : '-',
      `${bytes / 2 ** 30}GiB`,
      [...attached].map((machine) => cloud.machineById(machine)?.name ?? machine).join(',') || '-',
      name,
    ]),
  ],
};

const ACTIONS: Readonly<
  Record<string, { from: string; done: string; run: (name: string, targets: SimTargets, cloud: Provider) => void }>
> = {
  stop: {
    from: 'running',
    done: 'stopped',
    run(name, targets, cloud) {
      powerOff(name, targets);
      cloud.stop(cloud.machines.get(name)!);
    },
  },
  start: {
    from: 'stopped',
    done: 'started',
    run(name, { plug, kubelets }, cloud) {
      cloud.start(cloud.machines.get(name)!);
      plug(name, true);
      kubelets.get(name)?.start();
    },
  },
  terminate: {
    from: '',
    done: 'terminated',
    run(name, targets, cloud) {
      powerOff(name, targets);
      cloud.terminate(cloud.machines.get(name)!);
    },
  },
};

function powerOff(name: string, { plug, kubelets }: SimTargets) {
  const kubelet = kubelets.get(name);
  if (kubelet?.power) kubelet.crash();
  plug(name, false);
}

const WORDS = [...Object.keys(ACTIONS), ...Object.keys(LISTS)].join(', ');

export const cloud: SubCommand = {
  name: 'cloud',
  usage: 'ACTION [MACHINE...]',
  help: `The console of the provider: ${WORDS}`,
  args: [1, Infinity],
  // eslint-disable-next-line require-yield
  *run({ targets, args, line }) {
    const [word, ...names] = args;
    const provider = targets.cloud;
    if (!provider) throw new SimError('this cluster is on no cloud; the setting cloud gives it one');
    const list = Object.hasOwn(LISTS, word) ? LISTS[word] : undefined;
    if (list) {
      if (names.length) throw new SimError(`unexpected argument ${JSON.stringify(names[0])}; usage: sim cloud ${word}`);
      for (const row of table(list(provider))) line(row);
      return;
    }
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
    if (!action) throw new SimError(`there is no action ${JSON.stringify(word)} on the cloud; there are ${WORDS}`);
    const known = [...provider.machines.keys()].join(', ');
    if (names.length === 0) throw new SimError(`which machine? They are ${known}`);
    const chosen = names.map((given) => given.replace(/^nodes?\//, ''));
    for (const name of chosen) {
      const machine = provider.machines.get(name);
      if (!machine) throw new SimError(`there is no machine ${JSON.stringify(name)}; the machines are ${known}`);
      if (machine.state === 'terminated' || (action.from && machine.state !== action.from))
        throw new SimError(`machine ${name} is ${machine.state}`);
    }
    for (const name of chosen) {
      action.run(name, targets, provider);
      line(`machine/${name} ${action.done}`);
    }
  },
};
