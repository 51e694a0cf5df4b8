import 'reflect-metadata';
import assert from 'node:assert/strict';
import type { Context } from 'koa';
import { Controller, Ctx, createKoaServer, Get, JsonController, Param, Post } from 'routing-controllers';
import {
  Access,
  Authorized,
  authenticationContext,
  createOAuth2,
  databaseTokens,
  type GuardedAction,
  introspectedTokens,
  jwtTokens,
  OAuth2Error,
  openApiSecurity,
  type RequestAccess,
  RequiredScopes,
  Throttle,
  TokenHasScope,
  TokenMatchesOASRequirements,
  type TokenService,
} from 'routing-controllers-oauth2';
import { authorizationServer } from 'routing-controllers-oauth2/authorization-server';
