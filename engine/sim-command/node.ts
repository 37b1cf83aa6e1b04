// sim node ACTION NODE: what can befall a machine.

import type { Kubelet } from '../kubelet/index.ts';
import { table } from './values.ts';
import { SimError, type SimTargets, type SubCommand } from './types.ts';

interface Action {
  help: string;
  /** Why it cannot be done now. */
  refuse?: (kubelet: Kubelet, plugged: boolean) => string | undefined;
  /** What is said when it has been done. */
  done: string;
  run: (kubelet: Kubelet, name: string, targets: SimTargets) => void;
}

const off = (kubelet: Kubelet) => (kubelet.power ? undefined : 'the machine is off');
const stopped = (kubelet: Kubelet) => off(kubelet) ?? (kubelet.running ? undefined : 'its kubelet does not run');

const ACTIONS: Readonly<Record<string, Action>> = {
  stop: {
    help: 'End the kubelet process; containers go on',
    refuse: stopped,
    done: 'kubelet stopped',
    run: (kubelet) => kubelet.stop(),
  },
  start: {
    help: 'Start the kubelet, and the machine if it is off',
    refuse: (kubelet) => (kubelet.running ? 'its kubelet runs already' : undefined),
    done: 'kubelet started',
    run: (kubelet) => kubelet.start(),
  },
  shutdown: {
    help: 'Shut the machine down in order, as systemctl poweroff does',
    refuse: off,
    done: 'shutting down',
    run: (kubelet) => kubelet.powerOff(),
  },
  crash: {
    help: 'Cut the power: the kubelet and all containers end at once',
    refuse: off,
    done: 'crashed',
    run: (kubelet) => kubelet.crash(),
  },
  partition: {
    help: 'Unplug the machine from the network; everything on it goes on',
    refuse: (kubelet, plugged) => off(kubelet) ?? (plugged ? undefined : 'it is unplugged already'),
    done: 'partitioned',
    run: (_kubelet, name, { plug }) => plug(name, false),
  },
  heal: {
    help: 'Plug it in again',
    refuse: (kubelet, plugged) => off(kubelet) ?? (plugged ? 'it is plugged in' : undefined),
    done: 'healed',
    run: (_kubelet, name, { plug }) => plug(name, true),
  },
  'fill-disk': {
    help: 'Fill its disk up to 4% of free space',
    refuse: off,
    done: 'disk filled',
    run: (kubelet) => kubelet.fillDisk(0.04),
  },
  'clear-disk': {
    help: 'Take away what fill-disk has put there',
    refuse: off,
    done: 'disk cleared',
    run: (kubelet) => kubelet.fillDisk(undefined),
  },
};

export const node: SubCommand = {
  name: 'node',
  usage: 'ACTION NODE...',
  help: `Disturb nodes: ${Object.keys(ACTIONS).join(', ')}`,
  args: [1, Infinity],
  // eslint-disable-next-line require-yield
  *run({ targets, args, line }) {
    const [word, ...names] = args;
    const action = Object.hasOwn(ACTIONS, word) ? ACTIONS[word] : undefined;
    if (!action) {
      const list = table(Object.keys(ACTIONS).map((name) => [`  ${name}`, ACTIONS[name].help]));
      throw new SimError(`there is no action ${JSON.stringify(word)} on nodes; there are:\n${list.join('\n')}`);
    }
    if (names.length === 0) throw new SimError(`which node? They are ${[...targets.kubelets.keys()].join(', ')}`);
    // Nothing is done unless all of it can be.
    const chosen = names.map((given) => {
      const name = given.replace(/^nodes?\//, '');
      const kubelet = targets.kubelets.get(name);
      if (!kubelet) {
        throw new SimError(
          `there is no node ${JSON.stringify(name)}; the nodes are ${[...targets.kubelets.keys()].join(', ')}`,
        );
      }
      const state = targets.cloud?.machines.get(name)?.state;
      const why =
        state && state !== 'running'
          ? `its machine is ${state} at the provider; see 'sim cloud'`
          : action.refuse?.(kubelet, targets.plugged(name));
      if (why) throw new SimError(`node ${name}: ${why}`);
      return { name, kubelet };
    });
    for (const { name, kubelet } of chosen) {
      action.run(kubelet, name, targets);
      line(`node/${name} ${action.done}`);
    }
  },
};
