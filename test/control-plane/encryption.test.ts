import { createDecipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readEncryption } from '../../engine/apiserver/encryption/configuration.ts';
import '../../engine/parts/all.ts';
import { controlPlane } from './settings.ts';

const PKI = '/etc/kubernetes/pki/etcd';
const GET = `etcdctl --cacert ${PKI}/ca.crt --cert ${PKI}/healthcheck-client.crt --key ${PKI}/healthcheck-client.key get --print-value-only`;
const FILE = '/etc/kubernetes/pki/encryption.yaml';
const key = (byte: number) => Buffer.alloc(32, byte);

const configuration = (...providers: string[]) =>
  `apiVersion: apiserver.config.k8s.io/v1\nkind: EncryptionConfiguration\nresources:\n- resources: [secrets]\n  providers:\n${providers.map((one) => `  - ${one}\n`).join('')}`;
const keys = (cipher: string, names: Record<string, number>) =>
  `${cipher}: {keys: [${Object.entries(names)
    .map(([name, byte]) => `{name: ${name}, secret: "${key(byte).toString('base64')}"}`)
    .join(', ')}]}`;

function encrypted() {
  const all = controlPlane();
  const { run } = all;
  const write = (...providers: string[]) => run(`cat > ${FILE} <<'END'\n${configuration(...providers)}END`, 'cp-1');
  const stored = (name: string) =>
    Buffer.from(run(`${GET} /registry/secrets/default/${name} | base64 -w0`, 'cp-1'), 'base64');
  return { ...all, write, stored };
}

describe('encryption at rest', () => {
  it('leaves text that another AES reads with the key, and the API what it was', () => {
    const { run, write, withFlag, stored } = encrypted();
    run('kubectl create secret generic db --from-literal=password=hunter2');
    expect(stored('db').toString('latin1')).toMatch(/^k8s\0.*\x12\x06Secret.*hunter2/s);
    write(keys('aescbc', { key1: 1 }), 'identity: {}');
    withFlag('kube-apiserver', `--encryption-provider-config=${FILE}`);
    expect(stored('db').toString('latin1')).toMatch(/^k8s\0/);
    run('kubectl get secrets -A -o json | kubectl replace -f -');
    const bytes = stored('db');
    const prefix = 'k8s:enc:aescbc:v1:key1:';
    expect(bytes.subarray(0, prefix.length).toString()).toBe(prefix);
    const text = bytes.subarray(prefix.length, -1);
    const decipher = createDecipheriv('aes-256-cbc', key(1), text.subarray(0, 16));
    const plain = Buffer.concat([decipher.update(text.subarray(16)), decipher.final()]);
    expect(plain.toString('latin1')).toMatch(/^k8s\0.*hunter2/s);
    expect(run("kubectl get secret db -o jsonpath='{.data.password}'")).toBe('aHVudGVyMg==');
  });

  it('cannot read what was written with a key that is gone, and can again when it is back', () => {
    const { run, write, withFlag, restart } = encrypted();
    write(keys('secretbox', { key1: 1 }), 'identity: {}');
    withFlag('kube-apiserver', `--encryption-provider-config=${FILE}`);
    run('kubectl create secret generic db --from-literal=a=b');
    write(keys('secretbox', { key2: 2 }), 'identity: {}');
    restart();
    const why = 'no matching key was found for the provided Secretbox transformer';
    expect(run('kubectl get secret db')).toBe(`Error from server (InternalError): Internal error occurred: ${why}\n`);
    expect(run('kubectl get secrets')).toBe(
      `Error from server (InternalError): Internal error occurred: unable to transform key "/registry/secrets/default/db": ${why}\n`,
    );
    write(keys('secretbox', { key1: 3 }), 'identity: {}');
    restart();
    expect(run('kubectl get secret db')).toContain('output array was not large enough for encryption');
    write(keys('secretbox', { key2: 2, key1: 1 }), 'identity: {}');
    restart();
    expect(run('kubectl get secret db -o name')).toBe('secret/db\n');
  });

  it('is configured by a file that is checked', () => {
    const reason = (...providers: string[]) => readEncryption('f', configuration(...providers));
    expect(reason('aesgcm: {keys: [{name: a, secret: YWJj}]}')).toEqual({
      reason:
        'error while parsing file: resources[0].providers[0].aesgcm.keys[0].secret: Invalid value: "REDACTED": secret is not of the expected length, got 3, expected one of [16 24 32]',
    });
    expect(reason('kms: {name: a}')).toHaveProperty('reason', expect.stringContaining('not modelled'));
    expect(reason('identity: {}')).toBeInstanceOf(Map);
  });
});
