export { readSecretKeys as readEncryptionKeys, type SecretKey as EncryptionKey } from '../../core/secret-keys.js';
