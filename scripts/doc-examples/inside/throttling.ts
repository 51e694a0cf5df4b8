import { createOAuth2 } from 'routing-controllers-oauth2';

createOAuth2({
  database: 'sqlite::memory:',
  throttling: {
    /* example */
  },
});
