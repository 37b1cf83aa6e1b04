// Every part at once, for hosts that import the engine as modules: Node and the tests.

import './cloud.ts';
import './apply.ts';
import './control-plane.ts';
import './csi.ts';
import './controllers.ts';
import './extensions.ts';
import './gateway.ts';
import './images.ts';
import './istio.ts';
import './konnectivity.ts';
import './kubeadm.ts';
import './kubectl.ts';
import './machine.ts';
import './networks.ts';
import './openapi.ts';
import './pki.ts';
import './pod-security.ts';
import './proxiers.ts';
import './resilience4j.ts';
import './rules.ts';
import './shell.ts';
import './sim.ts';
import './table.ts';
import './tools.ts';
import './yaml.ts';
