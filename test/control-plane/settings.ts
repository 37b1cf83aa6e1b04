import { startTerminal } from '../sim-command/terminal.ts';

const MANIFESTS = '/etc/kubernetes/manifests';

/** A cluster whose control plane can be given other flags. */
export function controlPlane(options: object = {}) {
  const { run } = startTerminal({ workers: 1, ...options });
  /** Puts a flag behind the program's name, waits, and answers what the program's container said last. */
  const withFlag = (component: string, flag: string): string => {
    const manifest = `${MANIFESTS}/${component}.yaml`;
    run(`sed -i 's|- ${component}$|&\\n    - ${flag}|' ${manifest}; sleep 60`, 'cp-1');
    return run(`crictl logs $(crictl ps -a --name ${component} -q | head -n 1)`, 'cp-1');
  };
  const withoutFlag = (component: string, flag: string) =>
    run(`sed -i '/${flag}/d' ${MANIFESTS}/${component}.yaml; sleep 60`, 'cp-1');
  const restart = () => run('crictl stop $(crictl ps --name kube-apiserver -q); sleep 60', 'cp-1');
  return { run, withFlag, withoutFlag, restart };
}
