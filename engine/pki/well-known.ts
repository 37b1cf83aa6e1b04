// What every cluster of the engine is born with: the CA's certificate, and the administrator's certificate and key. Making
// them anew would cost each cluster's start tens of milliseconds and protect nothing; `authority.ts` has the keys and
// can make exactly these.

/** When kubeadm made them, and how long the administrator's is valid, ms since the epoch. */
export const MADE = Date.UTC(2026, 0, 5, 8, 55);
export const ADMIN_UNTIL = Date.UTC(2027, 0, 5, 9);

/** /etc/kubernetes/pki/ca.crt: for ten years. */
export const ROOT_CA = `-----BEGIN CERTIFICATE-----
MIIBeTCCAR+gAwIBAgIIS3ViZWJvb2swCgYIKoZIzj0EAwIwFTETMBEGA1UEAxMK
a3ViZXJuZXRlczAeFw0yNjAxMDUwODU1MDBaFw0zNjAxMDMwOTAwMDBaMBUxEzAR
BgNVBAMTCmt1YmVybmV0ZXMwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASW5LIb
xqOLOZhbUKKtAjDRuK9lK262cf4Nx5vx13Ft7T47xiFzCzSoOkregCpbADARNHXN
65pL6rpA98qbAzgko1kwVzAOBgNVHQ8BAf8EBAMCAqQwDwYDVR0TAQH/BAUwAwEB
/zAdBgNVHQ4EFgQUIqftRgSANlGTWFoGC2XjDvy8CMEwFQYDVR0RBA4wDIIKa3Vi
ZXJuZXRlczAKBggqhkjOPQQDAgNIADBFAiEAwAzsiq8qeERqIq+cpE4DmJa6iPc3
7/4NqSMl8bUgPokCIHS5ysUuitwzhzSU95kcgv4uXluYiQHfw6ZnrUDI4dph
-----END CERTIFICATE-----
`;

/** Of admin.conf: O=kubeadm:cluster-admins, CN=kubernetes-admin, for a year. */
export const ADMIN_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBlzCCAT6gAwIBAgIDAQIDMAoGCCqGSM49BAMCMBUxEzARBgNVBAMTCmt1YmVy
bmV0ZXMwHhcNMjYwMTA1MDg1NTAwWhcNMjcwMTA1MDkwMDAwWjA8MR8wHQYDVQQK
ExZrdWJlYWRtOmNsdXN0ZXItYWRtaW5zMRkwFwYDVQQDExBrdWJlcm5ldGVzLWFk
bWluMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEmJfLzMdGTd7P9LVKizLNRQc5
48bEwGid6tTMqrJciAgEs1ck7PFOPUVh0mcxsx1UHY7m6uBsec5pyQdzbFDTpqNW
MFQwDgYDVR0PAQH/BAQDAgWgMBMGA1UdJQQMMAoGCCsGAQUFBwMCMAwGA1UdEwEB
/wQCMAAwHwYDVR0jBBgwFoAUIqftRgSANlGTWFoGC2XjDvy8CMEwCgYIKoZIzj0E
AwIDRwAwRAIgQI+s96LHTG5j9p67bShVjWeHyQmDvrKllcfYx/uRwmMCIHf0QmQJ
sQe9f4kn9jtBSYkkN4czTMxdTLnBBz9a4D1P
-----END CERTIFICATE-----
`;

export const ADMIN_KEY = `-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIDxqGYPh+6p84ZXNaBU7ElKh/tYyfpQzITf4pwKaT5scoAoGCCqGSM49
AwEHoUQDQgAEmJfLzMdGTd7P9LVKizLNRQc548bEwGid6tTMqrJciAgEs1ck7PFO
PUVh0mcxsx1UHY7m6uBsec5pyQdzbFDTpg==
-----END EC PRIVATE KEY-----
`;

/** SHA-256 of the administrator's certificate. */
export const ADMIN_FINGERPRINT = '6e5462b9ce54020e0a04d6865acb654bbe9a643224fc2bff8dfceca53d6e3aa7';
