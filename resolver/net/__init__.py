"""The wire: asyncio, sockets towards clients and towards upstream resolvers."""
