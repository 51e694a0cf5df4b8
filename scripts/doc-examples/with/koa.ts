import Koa from 'koa';

const koa = new Koa();
