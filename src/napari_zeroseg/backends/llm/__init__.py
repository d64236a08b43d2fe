"""Refiners that ask a large language model: a server that speaks OpenAI's protocol, or a local one."""
