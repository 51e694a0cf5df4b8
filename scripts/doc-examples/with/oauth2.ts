import type { OAuth2 } from 'routing-controllers-oauth2';

declare const oauth2: OAuth2;
