"""What the Airbyte connectors share; needs the extra `airbyte`."""
