select
  records.id,
  records.company_id,
  records.name,
  records.website,
  records.industry,
  records.monthly_spend,
  records.plan_id,
  records.plan_name,
  records.session_count,
  records.user_count,
  records.created_at,
  records.updated_at,
  {{ history_columns('records') }}
from {{ source('intercom_lake', 'companies_flat') }} as records
