"""What a person does and sees in one product, one module a platform."""
