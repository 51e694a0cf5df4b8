import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';

authorizationServer<User>({
  issuer: 'https://books.example.com',
  encryptionKeys: [],
  /* example */
});
