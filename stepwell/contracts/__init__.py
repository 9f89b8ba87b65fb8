"""The contracts for subscribers, generated from `shared.contracts`: JSON Schemas and AsyncAPI."""
