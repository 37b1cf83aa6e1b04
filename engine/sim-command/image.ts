// sim image NAME --fault: what registries and the programs of an image do from now on.

import { ImageNameError } from '../images/reference.ts';
import { duration, durationText, table } from './values.ts';
import { SimError, type SubCommand } from './types.ts';

export const image: SubCommand = {
  name: 'image',
  usage: '[NAME[:TAG]]',
  help: 'Make an image missing, slow or crashing; without a name, list what has been done',
  flags: [
    { name: 'missing', help: 'Registries say that there is no such image' },
    { name: 'slow', value: 'DURATION', help: 'Each pull takes so much longer' },
    { name: 'crash-after', value: 'DURATION', help: 'Containers started from now on end with status 1 after so long' },
    { name: 'ok', help: 'As it was' },
  ],
  args: [0, 1],
  // eslint-disable-next-line require-yield
  *run({ targets, args, flags, line }) {
    const { images } = targets;
    const [name] = args;
    const asked = Object.keys(flags);
    if (name === undefined) {
      if (asked.length) throw new SimError('which image?');
      const rows = images
        .list()
        .map(({ image: of, fault }) => [
          of,
          [
            fault.missing && 'missing',
            fault.slow !== undefined && `slow by ${durationText(fault.slow)}`,
            fault.crashAfter !== undefined && `crashes after ${durationText(fault.crashAfter)}`,
          ]
            .filter(Boolean)
            .join(', '),
        ]);
      if (rows.length === 0) line('All images are as they were.');
      else for (const row of table([['IMAGE', 'FAULT'], ...rows])) line(row);
      return;
    }
    if (asked.length === 0) throw new SimError('what about it? One of --missing, --slow, --crash-after, --ok');
    if (flags.ok && asked.length > 1) throw new SimError('--ok stands alone');
    try {
      images.set(
        name,
        flags.ok
          ? undefined
          : {
              ...(flags.missing && { missing: true }),
              ...(flags.slow !== undefined && { slow: duration(flags.slow) }),
              ...(flags['crash-after'] !== undefined && { crashAfter: duration(flags['crash-after']) }),
            },
      );
    } catch (error) {
      if (!(error instanceof ImageNameError)) throw error;
      throw new SimError(`${JSON.stringify(name)} is no image name: ${error.message}`);
    }
    line(`image/${name} ${flags.ok ? 'ok' : asked.join(', ')}`);
  },
};
