// The package repositories and manifests of the world outside, as a mirror in the machines' datacenter serves them: what is
// there, what has moved and what is gone.

import type { Addressing } from '../addressing.ts';
import { flannelInstaller } from '../addons/flannel-installer.ts';
import { MIRRORED, publicAuthority } from '../datacenter.ts';
import { REPOSITORY_KEY } from '../kubeadm/repositories.ts';
import { releasesOf } from '../kubeadm/releases.ts';
import { encode, serveHttp, toBase64, type HttpRequest, type HttpResponse, type Network } from '../linux/index.ts';
import { part } from '../parts/index.ts';
import type { Co } from '../sim/index.ts';

const CDN = 'https://prod-cdn.packages.k8s.io/repositories/isv:/kubernetes:';

const text = (status: number, body: string): HttpResponse => ({
  status,
  headers: [['Content-Type', 'text/plain; charset=utf-8']],
  body,
});
const moved = (location: string): HttpResponse => ({ ...text(302, ''), headers: [['Location', location]] });
const GONE = text(404, 'Not Found\n');

const armoured = (): string =>
  `-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n${(toBase64(encode(REPOSITORY_KEY)).match(/.{1,64}/g) ?? []).join('\n')}\n-----END PGP PUBLIC KEY BLOCK-----\n`;
const inRelease = (origin: string, suite: string): HttpResponse =>
  text(200, `Origin: ${origin}\nSuite: ${suite}\nArchitectures: amd64\nAcquire-By-Hash: yes\n`);

/** What the host of the first website answers with. */
const FIRST_WEBSITE = `<html><head></head><body><header>
<title>http://info.cern.ch</title>
</header>

<h1>http://info.cern.ch - home of the first website</h1>
<p>From here you can:</p>
<ul>
<li><a href="http://info.cern.ch/hypertext/WWW/TheProject.html">Browse the first website</a></li>
<li><a href="http://line-mode.cern.ch/www/hypertext/WWW/TheProject.html">Browse the first website using the line-mode browser simulator</a></li>
<li><a href="http://home.web.cern.ch/topics/birth-web">Learn about the birth of the web</a></li>
<li><a href="http://home.web.cern.ch/about">Learn about CERN, the physics laboratory where the web was born</a></li>
</ul>
</body></html>
`;

/** By host: what a path leads to. */
const SITES: Readonly<Record<string, (path: string) => HttpResponse>> = {
  'pkgs.k8s.io': (path) => moved(CDN + path),
  'prod-cdn.packages.k8s.io'(path) {
    const match = /^\/repositories\/isv:\/kubernetes:\/core:\/stable:\/v1\.(\d+)\/deb\/+(InRelease|Release\.key)$/.exec(
      path,
    );
    if (!match) return text(403, 'Access Denied\n');
    const minor = Number(match[1]);
    if (releasesOf(minor).length === 0) {
      if (minor >= 24 && minor < 31) return text(501, `the packages of v1.${minor} are not modelled by this engine\n`);
      return text(403, 'Access Denied\n');
    }
    return match[2] === 'Release.key' ? text(200, armoured()) : inRelease('isv:kubernetes', `deb v1.${minor}`);
  },
  // Frozen in September 2023, taken away in March 2024.
  'apt.kubernetes.io': (path) => moved(`https://packages.cloud.google.com/apt${path}`),
  'packages.cloud.google.com': () => GONE,
  'deb.debian.org': (path) => (/\/dists\/trixie\/InRelease$/.test(path) ? inRelease('Debian', 'stable') : GONE),
  'download.docker.com'(path) {
    if (path === '/linux/debian/gpg') return text(200, armoured());
    return path === '/linux/debian/dists/trixie/InRelease' ? inRelease('Docker', 'trixie') : GONE;
  },
  'info.cern.ch': (path) =>
    path === '/' ? { ...text(200, FIRST_WEBSITE), headers: [['Content-Type', 'text/html']] } : GONE,
  'manifests.kubebook.example'(path) {
    if (path !== '/kube-flannel.yml') return GONE;
    const { toYaml } = part('kubectl');
    return text(
      200,
      flannelInstaller({ clusterCIDR: '10.244.0.0/16', cloud: false })
        .map((object) => toYaml(object))
        .join('---\n'),
    );
  },
};

/** Plugs the mirror in. */
export function startMirror(network: Network, addressing: Addressing) {
  const net = addressing.machineOn(network, 'mirror', addressing.mirror);
  // eslint-disable-next-line require-yield
  const answer = function* ({ target, headers, method }: HttpRequest): Co<HttpResponse> {
    const host = headers.find(([name]) => name.toLowerCase() === 'host')?.[1].replace(/:.*/, '') ?? '';
    const site = SITES[host];
    if (!site) return GONE;
    return method === 'GET' || method === 'HEAD' ? site(target.replace(/\?.*/, '')) : text(405, '');
  };
  const tls = {
    get ca() {
      return publicAuthority();
    },
    names: [...MIRRORED],
  };
  serveHttp(network.sim, net, 80, answer);
  serveHttp(network.sim, net, 443, answer, { tls });
}
