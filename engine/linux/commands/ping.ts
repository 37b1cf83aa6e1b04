// ping and traceroute: ICMP from the command line.

import { isAddress } from '../net/index.ts';
import type { Program } from '../types.ts';
import { isBusybox, operands, parseOptions, put } from './options.ts';

const COMPLAINTS = {
  unreachable: 'Destination Host Unreachable',
  prohibited: 'Destination Port Unreachable',
  expired: 'Time to live exceeded',
};
const COMPLAINTS6 = {
  unreachable: 'Destination unreachable: Address unreachable',
  prohibited: 'Destination unreachable: Port unreachable',
  expired: 'Time exceeded: Hop limit',
};

export const ping: Program = function* (process) {
  const options = parseOptions(process, { short: 'c:i:W:w:qs:n46t:', usage: '[options] <destination>' });
  const { sim, net } = process.host;
  operands(process, options.args, 1, 1);
  const [name] = options.args;
  const found = yield* process.host.resolve(name);
  const six = options.has('6') || process.argv[0].endsWith('ping6');
  const addresses = six || options.has('4') ? found?.filter((one) => one.includes(':') === six) : found;
  if (!addresses?.length) {
    process.stderr.write(
      isBusybox(process) ? `ping: bad address '${name}'\n` : `ping: ${name}: Name or service not known\n`,
    );
    return isBusybox(process) ? 1 : 2;
  }
  const [ip] = addresses;
  const size = Number(options.value('s') ?? 56);
  const most = options.has('c') ? Number(options.value('c')) : Infinity;
  const interval = Number(options.value('i') ?? 1) * 1000;
  const deadline = options.has('w') ? sim.now + Number(options.value('w')) * 1000 : Infinity;
  const wait = Number(options.value('W') ?? 10) * 1000;
  put(
    process,
    `PING ${name} (${ip})${isBusybox(process) ? `: ${size} data bytes` : `${ip.includes(':') ? ` ${size} data bytes` : ` ${size}(${size + 28}) bytes of data.`}`}\n`,
  );
  const ttl = Number(options.value('t') ?? 64);
  const marks = net.echoMarks(size);
  const times: number[] = [];
  const started = sim.now;
  let sent = 0;
  let stop = false;
  process.handlers.set('INT', () => (stop = true));
  while (sent < most && sim.now < deadline && !stop) {
    sent++;
    const echo = net.echo(ip, ttl, { ...marks, sequence: isBusybox(process) ? sent - 1 : sent });
    let time: number | undefined;
    if ('ttl' in echo) {
      time = echo.time;
      yield time;
      times.push(time);
      if (!options.has('q')) {
        put(
          process,
          isBusybox(process)
            ? `${size + 8} bytes from ${ip}: seq=${sent - 1} ttl=${echo.ttl} time=${time.toFixed(3)} ms\n`
            : `${size + 8} bytes from ${isAddress(name) ? ip : `${name} (${ip})`}: icmp_seq=${sent} ttl=${echo.ttl} time=${time.toFixed(3)} ms\n`,
        );
      }
    } else if (!isBusybox(process) && echo.error !== 'silent' && !options.has('q')) {
      const said = ip.includes(':') ? COMPLAINTS6 : COMPLAINTS;
      put(process, `From ${echo.address} icmp_seq=${sent} ${said[echo.error]}\n`);
    }
    if (sent < most) yield interval;
    else if (time === undefined) yield Math.min(wait, Math.max(0, deadline - sim.now));
  }
  const lost = Math.round(((sent - times.length) / sent) * 100);
  const elapsed = Math.round(sim.now - started);
  let out = `\n--- ${name} ping statistics ---\n`;
  out += `${sent} packets transmitted, ${times.length} ${isBusybox(process) ? 'packets ' : ''}received, ${lost}% packet loss${isBusybox(process) ? '' : `, time ${elapsed}ms`}\n`;
  if (times.length) {
    const least = Math.min(...times).toFixed(3);
    const greatest = Math.max(...times).toFixed(3);
    const mean = (times.reduce((sum, time) => sum + time, 0) / times.length).toFixed(3);
    out += isBusybox(process)
      ? `round-trip min/avg/max = ${least}/${mean}/${greatest} ms\n`
      : `rtt min/avg/max/mdev = ${least}/${mean}/${greatest}/0.000 ms\n`;
  }
  put(process, out);
  return times.length ? 0 : 1;
};

const MAX_TTL = 30;

export const traceroute: Program = function* (process) {
  const options = parseOptions(process, { short: 'nIm:q:w:T', usage: '[-n] [-m max_ttl] [-q nqueries] host' });
  const { net } = process.host;
  operands(process, options.args, 1, 2);
  const [name] = options.args;
  const addresses = yield* process.host.resolve(name);
  if (!addresses?.length) {
    process.stderr.write(
      isBusybox(process)
        ? `traceroute: bad address '${name}'\n`
        : `${name}: Name or service not known\nCannot handle "host" cmdline arg \`${name}' on position 1 (argc 1)\n`,
    );
    return isBusybox(process) ? 1 : 2;
  }
  const [ip] = addresses;
  const most = Number(options.value('m') ?? MAX_TTL);
  const queries = Number(options.value('q') ?? 3);
  const wait = Number(options.value('w') ?? 5) * 1000;
  put(process, `traceroute to ${name} (${ip}), ${most} hops max, ${isBusybox(process) ? 46 : 60} byte packets\n`);
  for (let ttl = 1; ttl <= most; ttl++) {
    let line = `${String(ttl).padStart(2)} `;
    let shown = '';
    let arrived = false;
    for (let i = 0; i < queries; i++) {
      const echo = net.echo(ip, ttl);
      const from = 'ttl' in echo ? ip : echo.error === 'silent' ? undefined : echo.address;
      if (from === undefined || !('time' in echo)) {
        yield wait;
        line += ' *';
        continue;
      }
      yield echo.time;
      if (from !== shown) line += ` ${options.has('n') ? from : `${from} (${from})`}`;
      shown = from;
      line += `  ${echo.time.toFixed(3)} ms`;
      arrived = 'ttl' in echo;
    }
    put(process, `${line}\n`);
    if (arrived) return 0;
  }
  return 0;
};
