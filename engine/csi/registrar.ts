// node-driver-registrar: tells the kubelet of its node where the driver's socket is, by a socket of its own in the
// directory that the kubelet watches (kubernetes-csi/node-driver-registrar).

import { clock, untilSignal } from '../images/service.ts';
import type { Program } from '../linux/index.ts';
import type { Co } from '../sim/index.ts';
import { readFlags } from './flags.ts';
import { call, listen, RpcError, socketPath } from '../linux/grpc.ts';

const REGISTRATION_DIR = '/registration';
const CONNECT_MS = 1000;

export const registrar: Program = function* (process): Co<number> {
  const { fs } = process.host;
  const log = (where: string, text: string) =>
    void process.stderr.write(`${clock(process).klog}       1 ${where}] ${text}\n`);
  const flags = readFlags(process, {
    '--csi-address': '/run/csi/socket',
    '--kubelet-registration-path': '',
    '--v': '0',
  });
  if (!flags) return 2;
  const address = socketPath(flags['--csi-address']);
  const endpoint = flags['--kubelet-registration-path'];
  if (!endpoint) {
    log('main.go:144', '"kubelet-registration-path is a required parameter"');
    return 1;
  }
  log('main.go:150', '"Attempting to open a gRPC connection" csiAddress="' + address + '"');
  let driver = '';
  while (driver === '') {
    try {
      driver = (yield* call(fs, address, 'Identity/GetPluginInfo', {})).name as string;
    } catch (error) {
      if (!(error instanceof RpcError)) throw error;
      yield CONNECT_MS;
    }
  }
  log('main.go:164', `"CSI driver name" csiDriver="${driver}"`);
  const socket = `${REGISTRATION_DIR}/${driver}-reg.sock`;
  // eslint-disable-next-line require-yield
  listen(process, socket, function* (method, request) {
    if (method === 'Registration/GetInfo') {
      log('main.go:94', '"Received GetInfo call" request=""');
      return { type: 'CSIPlugin', name: driver, endpoint, supported_versions: ['1.0.0'] };
    }
    log(
      'main.go:104',
      `"Received NotifyRegistrationStatus call" status="plugin_registered:${request.plugin_registered}"`,
    );
    return {};
  });
  log('node_register.go:53', `"Starting Registration Server" socketPath="${socket}"`);
  yield* untilSignal(process);
  if (fs.exists(socket)) fs.remove(socket);
  return 0;
};
